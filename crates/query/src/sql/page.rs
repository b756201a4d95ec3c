//! The end of a list, in a way that PostgreSQL can plan with: of a limit that is a parameter it expects a tenth
//! of all rows, and as that is far from the truth it makes a new plan for every request, which takes longer than
//! to answer it. The next power of two beyond the end, which many limits share, stands in the statement itself.

use std::borrow::Cow;

use crate::scalar::Parameter;

/// Lists that end later are planned for what they hold.
const LONGEST: i64 = 1 << 20;

/// Where a statement says which part of its rows is asked for.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where limit and offset begin in the text.
    pub(super) at: usize,
    /// The parameter with the limit.
    pub(super) limit: usize,
    /// A role's own limit.
    pub(super) most: Option<u32>,
    /// The parameter with the offset.
    pub(super) offset: Option<usize>,
}

impl Page {
    /// The statement for these parameters.
    pub(super) fn told<'s>(&self, sql: &'s str, parameters: &[Parameter]) -> Cow<'s, str> {
        match (self.end(parameters), sql.split_at_checked(self.at)) {
            (Some(end), Some((rows, window))) => {
                Cow::Owned(format!("SELECT * FROM ({rows} LIMIT {end}) AS page{window}"))
            }
            _ => Cow::Borrowed(sql),
        }
    }

    /// A power of two that the last row asked for is not beyond.
    fn end(&self, parameters: &[Parameter]) -> Option<i64> {
        let number = |index: usize| match parameters.get(index) {
            Some(Parameter::Integer(number)) => Some(*number),
            _ => None,
        };
        let own = self.most.map(i64::from);
        let limit = [number(self.limit), own].into_iter().flatten().min()?;
        let offset = self.offset.and_then(number).unwrap_or(0);
        let last = limit.checked_add(offset).filter(|last| *last <= LONGEST)?;
        u32::try_from(last)
            .ok()
            .map(|last| last.next_power_of_two().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(most: Option<u32>, limit: Parameter, offset: Parameter) -> String {
        let sql = "SELECT x LIMIT $1 OFFSET $2";
        let page = Page {
            at: "SELECT x".len(),
            limit: 0,
            most,
            offset: Some(1),
        };
        page.told(sql, &[limit, offset]).into_owned()
    }

    fn within(end: u32) -> String {
        format!("SELECT * FROM (SELECT x LIMIT {end}) AS page LIMIT $1 OFFSET $2")
    }

    #[test]
    fn the_end_is_told_as_a_power_of_two() {
        let integer = Parameter::Integer;
        assert_eq!(told(None, integer(20), Parameter::Null), within(32));
        assert_eq!(told(None, integer(20), integer(20)), within(64));
        assert_eq!(told(None, integer(0), integer(0)), within(1));
        assert_eq!(told(Some(3), integer(20), integer(0)), within(4));
        assert_eq!(told(Some(3), Parameter::Null, integer(0)), within(4));
    }

    #[test]
    fn an_end_that_is_not_known_or_far_away_is_not_told() {
        let plain = "SELECT x LIMIT $1 OFFSET $2";
        assert_eq!(told(None, Parameter::Null, Parameter::Integer(5)), plain);
        assert_eq!(
            told(None, Parameter::Integer(5), Parameter::Integer(i64::MAX)),
            plain
        );
        assert_eq!(
            told(None, Parameter::Integer(i64::from(i32::MAX)), Parameter::Null),
            plain
        );
    }
}
