//! The commonest passwords; where they are from is told in `COMMON.md`.

/// One a line, in lower case, sorted by bytes.
const COMMON: &str = include_str!("common.txt");

/// Whether a password in lower case is among them.
pub(super) fn is_common(lower: &str) -> bool {
    let mut rest = COMMON;
    // Each step leaves the half that may hold it, cut at the end of a line.
    loop {
        let middle = rest.floor_char_boundary(rest.len() / 2);
        let (before, after) = rest.split_at(middle);
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let end = after.find('\n').map_or(rest.len(), |end| middle + end);
        let Some(line) = rest.get(begin..end) else {
            return false;
        };
        let half = match line.cmp(lower) {
            std::cmp::Ordering::Equal => return !lower.is_empty(),
            std::cmp::Ordering::Less => rest.get(end + 1..),
            std::cmp::Ordering::Greater => rest.get(..begin),
        };
        match half {
            Some(half) if !half.is_empty() => rest = half,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_found_and_nothing_else() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert_eq!(lines.len(), 17_950);
        for line in &lines {
            assert!(is_common(line), "{line}");
            assert!(!is_common(&line[1..]) || lines.contains(&&line[1..]), "{line}");
        }
        for password in [
            "",
            "\n",
            "a",
            "zzzzzzzzzzzzzzz",
            "correct horse battery",
            "password\n",
            "пароль123",
        ] {
            assert!(!is_common(password), "{password:?}");
        }
    }

    #[test]
    fn the_list_is_what_the_search_needs() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.is_sorted() && COMMON.ends_with('\n'));
        assert!(
            lines
                .iter()
                .all(|line| line.len() >= 8 && line.is_ascii() && *line == line.to_lowercase())
        );
        assert!(COMMON.len() < 300_000);
    }
}
