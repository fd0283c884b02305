//! What API Gateway (HTTP API) does around a function: it accepts connections, matches routes and enforces limits.
//!
//! | module | defines |
//! | --- | --- |
//! | `client_connection` | a connection of a client, and the base URL that its requests give |
//! | `cors` | what pages of other origins may do |
//! | `dispatch` | passes a request to a function and returns its response |
//! | `health` | `GET /healthz`: whether the service works |
//! | [`rate_limits`] | how many requests each route answers |
//! | `flush_loop` | running the functions' background work once a second |

mod client_connection;
mod cors;
mod dispatch;
mod flush_loop;
mod health;
pub mod rate_limits;

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use resolve::Resolve;
use shorten::Shorten;
use shortlink_core::http::handler::{DEADLINE, Handler};
use shortlink_core::telemetry::DEBUG_TARGET;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use client_connection::{ClientConnection, ProxyCheck};
pub use dispatch::{MAX_BODY_BYTES, MAX_HEAD_BYTES};
use rate_limits::RateLimits;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most that is buffered of what a client has sent, in bytes: more than a request's head may have. hyper's default
/// is six times as much.
const BUFFER_BYTES: usize = 64 * 1_024;

/// How long a client may leave sent data unacknowledged.
#[cfg(target_os = "linux")]
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long requests in progress may take once the server is to stop: a request that has arrived is answered within its
/// deadline, and a client that has stalled is not waited for.
const DRAIN_TIMEOUT: Duration = DEADLINE.saturating_add(Duration::from_secs(1));

/// How long writing the pending visits may take once all requests are finished.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// The two functions behind the gateway.
#[derive(Debug)]
pub struct Functions {
    /// The write side.
    pub shorten: Shorten,
    /// The read side.
    pub resolve: Resolve,
}

/// The functions with what the gateway does around them.
#[derive(Debug)]
struct Gateway {
    functions: Arc<Functions>,
    proxy_check: ProxyCheck,
    rate_limits: Option<RateLimits>,
}

/// Serves requests on `listener` until `stop` is ready, then finishes those that are in progress.
pub async fn serve(listener: TcpListener, functions: Functions, stop: impl Future<Output = ()>) {
    serve_limited(listener, functions, None, stop).await;
}

/// As [`serve`], with rate limits.
pub async fn serve_limited(
    listener: TcpListener,
    functions: Functions,
    rate_limits: Option<RateLimits>,
    stop: impl Future<Output = ()>,
) {
    let proxy_check = ProxyCheck::new(functions.shorten.configured_base_url().is_some());
    let functions = Arc::new(functions);
    let gateway = Arc::new(Gateway { functions: Arc::clone(&functions), proxy_check, rate_limits });
    let (stop_flushing, flushing_stopped) = oneshot::channel();
    let flush_loop = tokio::spawn(flush_loop::run(Arc::clone(&functions), flushing_stopped));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, remote)) => serve_connection(stream, remote.ip(), &gateway, &graceful),
            Err(error) => {
                // Most likely there are no file descriptors left. Connections that end will release some.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped before all requests were finished");
    }
    drop(stop_flushing);
    let last_work = async {
        flush_loop.await.ok();
        functions.shorten.shutdown().await;
        functions.resolve.shutdown().await;
    };
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, last_work).await.is_err() {
        tracing::error!("visits were lost: the table did not answer");
    }
}

fn serve_connection(stream: TcpStream, remote_address: IpAddr, gateway: &Arc<Gateway>, graceful: &GracefulShutdown) {
    stream.set_nodelay(true).ok();
    // A client that does not read its response would otherwise be kept for ever.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(WRITE_TIMEOUT)).ok();
    let Ok(address) = stream.local_addr() else { return };
    let client = Arc::new(ClientConnection::new(address, remote_address));
    let gateway = Arc::clone(gateway);
    let service = hyper::service::service_fn(move |request| {
        let (gateway, client) = (Arc::clone(&gateway), Arc::clone(&client));
        async move {
            let response = dispatch::dispatch(&gateway, &client, request).await;
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        // A client may close its side once it has sent the request, as `nc -N` does, and still wait for the response.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::info!(target: DEBUG_TARGET, %error, "a connection ended early");
        }
    });
}
