//! GraphiQL, from inside the binary and without any other host; `ASSETS.md` says where its files come from.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, StatusCode, header};

use crate::app::App;
use crate::http::not_found;

/// Scripts, connections and everything else from this host alone; the editor measures itself by inline styles
/// and carries its fonts and images within its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    connect-src 'self'; font-src data:; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A year: the names of these files change with their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    compressed: bool,
    tag: String,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    const STYLE: &str = "text/css; charset=utf-8";
    vec![
        Asset::compressed(
            "graphiql-4.1.2.min.js",
            SCRIPT,
            include_bytes!("graphiql-4.1.2.min.js.gz"),
        ),
        Asset::compressed(
            "graphiql-4.1.2.min.css",
            STYLE,
            include_bytes!("graphiql-4.1.2.min.css.gz"),
        ),
        Asset::compressed(
            "react-18.3.1.min.js",
            SCRIPT,
            include_bytes!("react-18.3.1.min.js.gz"),
        ),
        Asset::compressed(
            "react-dom-18.3.1.min.js",
            SCRIPT,
            include_bytes!("react-dom-18.3.1.min.js.gz"),
        ),
        Asset::plain("page.js", SCRIPT, include_bytes!("page.js")),
        Asset::plain("page.css", STYLE, include_bytes!("page.css")),
    ]
});

impl Asset {
    fn plain(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let tag = format!("\"{:016x}\"", hasher.finish());
        Self {
            name,
            kind,
            bytes,
            compressed: false,
            tag,
        }
    }

    fn compressed(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            compressed: true,
            ..Self::plain(name, kind, bytes)
        }
    }

    fn respond(&self, request: &HeaderMap) -> Response {
        let known = request
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tag| tag.as_bytes() == self.tag.as_bytes());
        let caching = if self.compressed { FOR_EVER } else { "no-cache" };
        let common = [
            (header::ETAG, self.tag.as_str()),
            (header::CACHE_CONTROL, caching),
        ];
        if known {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let mut headers: Vec<(HeaderName, &str)> = common.into();
        headers.push((header::CONTENT_TYPE, self.kind));
        if self.compressed {
            // There is no other form: whatever runs GraphiQL reads gzip.
            headers.push((header::CONTENT_ENCODING, "gzip"));
        }
        let mut response = self.bytes.into_response();
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// The page and its files.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/graphiql", get(page))
        .route("/graphiql/{file}", get(file))
}

async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, include_str!("page.html")).into_response()
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => asset.respond(&headers),
        None => not_found().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_only_files_that_exist_and_nothing_outside() {
        let page = include_str!("page.html");
        assert!(!page.contains("//"), "another host");
        assert!(!page.contains("\"/"), "a proxy may serve it below a path");
        let (mut named, mut rest) = (0, page);
        while let Some((_, after)) = rest.split_once("\"graphiql/") {
            let (name, after) = after.split_once('"').unwrap();
            assert!(ASSETS.iter().any(|asset| asset.name == name), "{name}");
            (named, rest) = (named + 1, after);
        }
        assert_eq!(named, ASSETS.len());
    }
}
