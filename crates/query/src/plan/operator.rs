//! Comparisons of a column with a value (section 5 of the reference).

use portico_entity::catalogue::Scalar;

use super::BindKind;
use crate::pattern::{Case, Language};

/// A comparison of a column with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `_eq`
    Equal,
    /// `_neq`
    NotEqual,
    /// `_gt`
    Greater,
    /// `_gte`
    GreaterOrEqual,
    /// `_lt`
    Less,
    /// `_lte`
    LessOrEqual,
    /// `_in`
    In,
    /// `_nin`
    NotIn,
    /// `_like`, `_ilike`, `_similar`, `_regex` and `_iregex`
    Matches(Language, Case),
    /// `_nlike`, `_nilike`, `_nsimilar`, `_nregex` and `_niregex`
    MatchesNot(Language, Case),
    /// `_contains`
    Contains,
    /// `_contained_in`
    ContainedIn,
    /// `_has_key`
    HasKey,
    /// `_has_keys_any`
    HasAnyKey,
    /// `_has_keys_all`
    HasAllKeys,
}

impl Operator {
    /// Every operator with its name in GraphQL.
    pub const ALL: [(&'static str, Self); 23] = [
        ("_eq", Self::Equal),
        ("_neq", Self::NotEqual),
        ("_gt", Self::Greater),
        ("_gte", Self::GreaterOrEqual),
        ("_lt", Self::Less),
        ("_lte", Self::LessOrEqual),
        ("_in", Self::In),
        ("_nin", Self::NotIn),
        ("_like", Self::Matches(Language::Like, Case::Counts)),
        ("_nlike", Self::MatchesNot(Language::Like, Case::Counts)),
        ("_ilike", Self::Matches(Language::Like, Case::Ignored)),
        ("_nilike", Self::MatchesNot(Language::Like, Case::Ignored)),
        ("_similar", Self::Matches(Language::Similar, Case::Counts)),
        ("_nsimilar", Self::MatchesNot(Language::Similar, Case::Counts)),
        ("_regex", Self::Matches(Language::Regex, Case::Counts)),
        ("_nregex", Self::MatchesNot(Language::Regex, Case::Counts)),
        ("_iregex", Self::Matches(Language::Regex, Case::Ignored)),
        ("_niregex", Self::MatchesNot(Language::Regex, Case::Ignored)),
        ("_contains", Self::Contains),
        ("_contained_in", Self::ContainedIn),
        ("_has_key", Self::HasKey),
        ("_has_keys_any", Self::HasAnyKey),
        ("_has_keys_all", Self::HasAllKeys),
    ];

    /// The operator of this name, if the scalar has it.
    pub fn parse(name: &str, scalar: Scalar) -> Option<Self> {
        let (_, operator) = Self::ALL.into_iter().find(|(known, _)| *known == name)?;
        operator.fits(scalar).then_some(operator)
    }

    /// Whether columns of the scalar can be compared this way.
    pub fn fits(self, scalar: Scalar) -> bool {
        match self {
            Self::Equal | Self::NotEqual | Self::In | Self::NotIn => true,
            Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual => {
                !matches!(scalar, Scalar::Enum(_))
            }
            Self::Matches(..) | Self::MatchesNot(..) => matches!(scalar, Scalar::String | Scalar::Citext),
            Self::Contains | Self::ContainedIn | Self::HasKey | Self::HasAnyKey | Self::HasAllKeys => {
                scalar == Scalar::Jsonb
            }
        }
    }

    /// What stands on the other side of a column of the scalar.
    pub fn operand(self, scalar: Scalar) -> BindKind {
        match self {
            Self::In | Self::NotIn => BindKind::List(scalar),
            Self::Matches(language, case) | Self::MatchesNot(language, case) => {
                // Text of this kind never minds its case.
                let case = if scalar == Scalar::Citext {
                    Case::Ignored
                } else {
                    case
                };
                BindKind::Pattern(scalar, language, case)
            }
            Self::Contains | Self::ContainedIn => BindKind::JsonPart,
            Self::HasKey => BindKind::Nullable(Scalar::String),
            Self::HasAnyKey | Self::HasAllKeys => BindKind::JsonKeys,
            _ => BindKind::Scalar(scalar),
        }
    }

    /// The scalar of the other side, and whether it is a list of them.
    pub fn operand_type(self, scalar: Scalar) -> (Scalar, bool) {
        match self {
            Self::In | Self::NotIn => (scalar, true),
            Self::HasKey => (Scalar::String, false),
            Self::HasAnyKey | Self::HasAllKeys => (Scalar::String, true),
            _ => (scalar, false),
        }
    }
}
