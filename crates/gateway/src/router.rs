//! Every route of the service on one page.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::app::App;
use crate::http::{self, HttpSettings, system};
use crate::{explain, graphql, page};

/// The routes and what surrounds them.
pub fn router(app: Arc<App>, settings: HttpSettings) -> Router {
    let settings = Arc::new(settings);
    let graphql = post(graphql::post).get(graphql::get);
    let mut routes = Router::new()
        .route("/v1/graphql", graphql.clone())
        .route("/graphql", graphql)
        .route("/v1/graphql/explain", post(explain::post))
        .route("/.well-known/jwks.json", get(system::jwks))
        .route("/.well-known/webauthn", get(system::related_origins))
        .route("/healthz", get(system::healthz))
        .route("/readyz", get(system::readyz))
        .route("/metrics", get(system::metrics))
        .route("/v1/version", get(system::version))
        .merge(page::verify::routes());
    if settings.graphiql {
        routes = routes.merge(page::graphiql::routes());
    }
    if settings.outbox_page {
        routes = routes.merge(page::outbox::routes());
    }
    let routes = routes
        .fallback(http::not_found)
        .method_not_allowed_fallback(http::method_not_allowed);
    surround(routes, settings).with_state(app)
}

/// Small answers leave in one packet either way; pictures and streams gain nothing.
fn compression() -> CompressionLayer<impl Predicate> {
    let worth = SizeAbove::new(1_024)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE);
    CompressionLayer::new()
        .gzip(true)
        .quality(CompressionLevel::Fastest)
        .compress_when(worth)
}

/// What surrounds the routes, from the outside in.
fn surround(routes: Router<Arc<App>>, settings: Arc<HttpSettings>) -> Router<Arc<App>> {
    let cors = http::cors(&settings.cors_origins);
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(settings, http::surround))
        .option_layer(cors)
        .layer(compression());
    routes.layer(layers)
}
