//! An in-memory DynamoDB that listens on a port, so that the tests reach it over the wire as the functions in AWS do.

use dynoxide::{Database, server};
use tokio::net::TcpListener;

/// An endpoint URL at which no DynamoDB listens.
pub const UNREACHABLE: &str = "http://127.0.0.1:1";

/// A `dynoxide` server. It runs until the test ends.
pub struct DynamoDb {
    pub endpoint_url: String,
    database: Database,
}

impl DynamoDb {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let database = Database::memory().expect("a database");
        tokio::spawn(server::serve_on(listener, database.clone()));
        Self { endpoint_url: format!("http://{address}"), database }
    }

    /// Deletes the items whose TTL attribute is in the past, by the system's clock. Returns their number.
    pub fn sweep(&self) -> usize {
        self.database.sweep_ttl().expect("a sweep")
    }
}
