//! Matching by this process, for SQLite.

use regex::{Regex, RegexBuilder};

use super::{Case, Language, Pattern, write};

/// More than any pattern within its own bounds takes.
const MOST_BYTES: usize = 16 << 20;

/// A pattern ready to match, in time that grows with the text alone.
#[derive(Debug)]
pub(crate) struct Matcher(Regex);

impl Matcher {
    /// Prepares a pattern that was bound. The error is for the log: what is bound has been read before.
    pub(crate) fn new(text: &str, language: Language, case: Case) -> Result<Self, String> {
        let pattern = Pattern::read_again(text, language, case).map_err(|error| error.to_string())?;
        RegexBuilder::new(&write::expression(&pattern.0, write::Syntax::Rust))
            .size_limit(MOST_BYTES)
            .dfa_size_limit(MOST_BYTES)
            .build()
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// Whether a text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::PatternError;
    use super::*;

    fn matches(text: &str, pattern: &str, language: Language, case: Case) -> bool {
        Matcher::new(text_of(pattern, language, case), Language::Regex, Case::Counts)
            .unwrap()
            .matches(text)
    }

    /// As it reaches the database.
    fn text_of(pattern: &str, language: Language, case: Case) -> &'static str {
        Pattern::read(pattern, language, case)
            .unwrap()
            .to_postgres()
            .leak()
    }

    #[test]
    fn patterns_of_like_match_as_in_postgresql() {
        for (text, pattern, expected) in [
            ("jane", "jane", true),
            ("jane", "j%", true),
            ("jane", "%n%", true),
            ("jane", "_ane", true),
            ("jane", "an", false),
            ("jane", "J%", false),
            ("", "%", true),
            ("", "_", false),
            ("a%b", "a\\%b", true),
            ("axb", "a\\%b", false),
            ("a\nb", "a_b", true),
            ("mississippi", "m%iss%pi", true),
            ("mississippi", "m%iss%px", false),
            ("žluť", "ž__ť", true),
            ("a.c", "a.c", true),
            ("abc", "a.c", false),
        ] {
            let found = matches(text, pattern, Language::Like, Case::Counts);
            assert_eq!(found, expected, "{text} like {pattern}");
        }
        assert!(matches("ÉTÉ", "é%É", Language::Like, Case::Ignored));
        let ends = Pattern::read("x\\", Language::Like, Case::Counts);
        assert_eq!(ends, Err(PatternError::TrailingEscape));
    }

    #[test]
    fn what_takes_more_than_linear_time_is_refused() {
        for pattern in ["(a)\\1", "a(?=b)", "(?!a)", "(?<=a)b", "(?x)a", "[[.a.]]"] {
            let read = Pattern::read(pattern, Language::Regex, Case::Counts);
            assert!(
                matches!(read, Err(PatternError::Unsupported(_))),
                "{pattern}: {read:?}"
            );
        }
        let nested = format!("{}a{}", "(".repeat(51), ")".repeat(51));
        for (pattern, error) in [
            ("(", PatternError::Parentheses),
            ("a)", PatternError::Parentheses),
            ("[a", PatternError::Brackets),
            ("[b-a]", PatternError::Range),
            ("[a-c-e]", PatternError::Range),
            ("[[:x:]]", PatternError::Class),
            ("*", PatternError::Operand),
            ("a**", PatternError::Operand),
            ("^*", PatternError::Operand),
            ("a{2}{3}", PatternError::Operand),
            ("a{2,1}", PatternError::Count),
            ("a{256}", PatternError::Count),
            ("a{1", PatternError::Braces),
            ("\\", PatternError::Escape),
            ("\\q", PatternError::Escape),
            ("\\u12", PatternError::Escape),
            ("((a{200}){200}){200}", PatternError::Complex),
            ("(a?){151}", PatternError::Complex),
            ("(\\w*){31}", PatternError::Complex),
            (&nested, PatternError::Deep),
            (&"a".repeat(1_001), PatternError::Long),
        ] {
            let read = Pattern::read(pattern, Language::Regex, Case::Counts);
            assert_eq!(read, Err(error), "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            for language in [Language::Like, Language::Similar, Language::Regex] {
                let _ = Pattern::read(&text, language, Case::Ignored);
            }
        }

        #[test]
        fn a_pattern_that_was_read_compiles_and_reads_back_as_it_is(
            text in r"([a-zé.|()*+?{}\[\]^$0-9,:\\-]|\\[dswmyAZ]|\[\^?[a-c]-[d-f]\]|\{1,2\}|\[\^?\[:(al(num|pha)|graph|lower|p(rint|unct)|upper|word|space|blank|cntrl|x?digit):\]\]){0,20}",
        ) {
            for language in [Language::Like, Language::Similar, Language::Regex] {
                for case in [Case::Counts, Case::Ignored] {
                    let Ok(pattern) = Pattern::read(&text, language, case) else { continue };
                    let written = pattern.to_postgres();
                    let again = Pattern::read_again(&written, Language::Regex, Case::Counts);
                    proptest::prop_assert_eq!(again.map(|again| again.to_postgres()), Ok(written.clone()));
                    Matcher::new(&written, Language::Regex, Case::Counts).map_err(
                        |error| proptest::test_runner::TestCaseError::fail(format!("{written}: {error}"))
                    )?;
                }
            }
        }
    }
}
