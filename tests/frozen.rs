//! What happens to a request whose connection to DynamoDB died while the environment was frozen.

use std::sync::Arc;

use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::app::{TestApp, answer};

/// A way to the engine whose connections all end when `cut` is told to, as a server ends those that were idle.
async fn way(engine_url: String, cut: Arc<Notify>) -> String {
    let engine = engine_url.strip_prefix("http://").expect("a URL").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&engine).await.expect("the engine");
            let cut = Arc::clone(&cut);
            tokio::spawn(async move {
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                    () = cut.notified() => {}
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn the_first_request_after_a_connection_died_does_not_fail() {
    let cut = Arc::new(Notify::new());
    let app = TestApp::through(async |engine_url| way(engine_url, Arc::clone(&cut)).await).await;
    for round in 0..20 {
        let alias = format!("round-{round}");
        let made = answer(app.shorten(&json!({"url": "https://example.com/", "alias": alias}))).await;
        assert_eq!(made.status, 201, "a write on a connection that died: {made}");
        cut.notify_waiters();
        let followed = answer(app.get(&format!("/{alias}"))).await;
        assert_eq!(followed.status, 301, "a read on a connection that died: {followed}");
        cut.notify_waiters();
    }
}
