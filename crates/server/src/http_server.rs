//! Connections of clients: taken, given their time, and let go.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::client_stream::ClientStream;

/// Serves until told to stop, and then until requests under way are answered. A connection on which no request
/// begins, the head of one does not end, or nothing of an answer is read within `idle` is closed. All connections end
/// with this future.
pub(crate) async fn serve(
    mut listener: TcpListener,
    routes: Router,
    idle: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(idle);
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            // Where no connection can be taken, for want of a descriptor, it is tried again after a while.
            taken = Listener::accept(&mut listener) => taken,
            // Else the ended ones would be kept.
            Some(_) = connections.join_next() => continue,
            // An end of the sender is an end of the service, too.
            _ = stop.changed() => break,
        };
        let (http, routes, stop) = (http.clone(), routes.clone(), stop.clone());
        connections.spawn(async move {
            // Answers are written whole: waiting for more of them only costs time.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
            let stream = ClientStream::new(stream, idle);
            if let Err(error) = converse(&http, stream, peer, routes, stop).await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
    // Whoever comes now is refused, and may go to another node.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Answers what comes on one connection; once told to stop, no more than is under way.
async fn converse(
    http: &http1::Builder,
    stream: ClientStream,
    peer: SocketAddr,
    routes: Router,
    mut stop: watch::Receiver<bool>,
) -> hyper::Result<()> {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let connection = http.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection.with_upgrades());
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = stop.changed() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}
