//! Which media types a client takes, and which of them it would rather have (RFC 9110, section 12.5.1).

use std::cmp::Reverse;

use http::HeaderMap;
use http::header::ACCEPT;

/// How much a client wants a media type; of two that it wants alike, the one it names first.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Wish(f32, Reverse<usize>);

/// The wish for a media type, by the range that is closest to it; nothing where the client does not take it.
pub(crate) fn wish(headers: &HeaderMap, media: &str) -> Option<Wish> {
    ranges(headers)
        .enumerate()
        .filter_map(|(index, range)| {
            let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
            Some((
                distance(name.trim(), media)?,
                Wish(weight(parameters), Reverse(index)),
            ))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, wish)| wish)
        .filter(|Wish(weight, _)| *weight > 0.0)
}

/// Whether the client says nothing of what it takes.
pub(crate) fn wishes_nothing(headers: &HeaderMap) -> bool {
    ranges(headers).next().is_none()
}

fn ranges(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(ACCEPT).into_iter();
    values
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
}

/// How far a range is from a media type; nothing where it does not hold it.
fn distance(range: &str, media: &str) -> Option<u8> {
    let kind = |of: &str| of.split('/').next().unwrap_or_default().to_ascii_lowercase();
    match range {
        _ if range.eq_ignore_ascii_case(media) => Some(0),
        "*/*" => Some(2),
        _ if range.ends_with("/*") && kind(range) == kind(media) => Some(1),
        _ => None,
    }
}

/// What `q` says, 1 where it says nothing from 0 to 1.
fn weight(parameters: &str) -> f32 {
    parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, weight)| weight.trim().parse().ok())
        .filter(|weight| (0.0..=1.0).contains(weight))
        .unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_client_gets_what_it_would_rather_have() {
        for (accept, one, other) in [
            ("a/one, a/other", true, true),
            ("a/one", true, false),
            ("A/One;charset=utf-8;Q=1", true, false),
            ("a/one;q=0.5, a/other;q=0.5", true, true),
            ("a/*", true, true),
            ("*/*;q=0.1", true, true),
            ("*/*, a/one;q=0", false, true),
            ("a/one;q=0", false, false),
            ("a/one;q=nan, a/other;q=-1", true, true),
            ("b/*, b/one", false, false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            let [first, second] = ["a/one", "a/other"].map(|media| wish(&headers, media));
            assert_eq!((first.is_some(), second.is_some()), (one, other), "{accept}");
        }
        for (accept, ordering) in [
            ("a/one, a/other", true),
            ("a/other, a/one", false),
            ("a/other;q=0.1, a/one;q=0.9", true),
            ("a/one;q=0.1, a/*", false),
            ("a/one, */*;q=0.9", true),
            ("a/other, a/one;q=2", false),
            ("a/other, a/one;q=inf", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(
                wish(&headers, "a/one") > wish(&headers, "a/other"),
                ordering,
                "{accept}"
            );
        }
    }
}
