//! A DynamoDB over the wire, as the functions in Lambda have it: `dynoxide` in memory, which listens.

use dynoxide::{Database, server};
use tokio::net::TcpListener;

/// Starts one; it ends with the test. Returns its endpoint URL.
pub async fn listen() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(server::serve_on(listener, Database::memory().expect("an engine")));
    format!("http://{address}")
}
