//! One definition of a setting, from which the command line, the environment, the file, the typed value and
//! the table of the README are made.

use super::types::Environment;

/// What a setting is when nobody says anything.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Default {
    /// The same everywhere.
    Always(&'static str),
    /// In development and in production.
    ByEnvironment(&'static str, &'static str),
    /// Nothing; the text says what then happens.
    Unset(&'static str),
}

impl Default {
    /// The text to parse in the absence of a given one.
    pub(crate) fn value(self, environment: Environment) -> &'static str {
        match (self, environment) {
            (Self::Always(value), _)
            | (Self::ByEnvironment(value, _), Environment::Development)
            | (Self::ByEnvironment(_, value), Environment::Production) => value,
            (Self::Unset(_), _) => "",
        }
    }

    /// For the table of the README.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Always(value) => format!("`{value}`"),
            Self::ByEnvironment(development, production) => {
                format!("`{development}`, in production `{production}`")
            }
            Self::Unset(text) => text.to_owned(),
        }
    }
}

/// A setting as people see it.
#[derive(Debug)]
pub(crate) struct Row {
    /// As in `portico.toml`; the other names are made from it.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) help: String,
    /// What it is when nobody says anything.
    pub(crate) default: Default,
    /// The values it may have, in words.
    pub(crate) allowed: String,
    /// Whether its value must never be shown.
    pub(crate) secret: bool,
}

impl Row {
    /// The name of its environment variable.
    pub(crate) fn variable(&self) -> String {
        variable(self.name)
    }

    /// The name of its option on the command line.
    pub(crate) fn option(&self) -> String {
        self.name.replace('_', "-")
    }
}

/// The environment variable of a setting.
pub(crate) fn variable(name: &str) -> String {
    format!("PORTICO_{}", name.to_ascii_uppercase())
}

/// Makes the typed settings and the table from one list.
macro_rules! settings {
    ($($(#[doc = $help:literal])+ $name:ident: $type:ty = $default:expr, $rule:expr;)+) => {
        /// Everything that can be configured.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $($(#[doc = $help])+ pub $name: $type,)+
        }

        /// Every setting as people see it, in the order of the README.
        pub(crate) fn table() -> Vec<Row> {
            vec![$({
                let rule = $rule;
                Row {
                    name: stringify!($name),
                    help: concat!($($help),+).trim().to_owned(),
                    default: $default,
                    allowed: rule.allowed,
                    secret: rule.secret,
                }
            }),+]
        }

        /// Parses every setting; a wrong one does not hide the others.
        pub(super) fn parse(reader: &mut Reader) -> Option<Settings> {
            $(let $name = reader.read(stringify!($name), $default, &$rule);)+
            Some(Settings { $($name: $name?),+ })
        }
    };
}
pub(super) use settings;
