//! What happens to a request whose connection to DynamoDB died while the environment was frozen.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;

use crate::app::{TestApp, answer};
use crate::lambda::function;
use crate::process::signal;
use crate::runtime_api::RuntimeApi;

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

/// How a server ends a connection that was idle.
#[derive(Clone, Copy, Debug)]
enum End {
    /// As TLS has it: with a word of goodbye.
    Goodbye,
    /// As some do: without one.
    Silently,
    /// As one that has forgotten the connection: with a reset.
    Reset,
}

/// A way to the engine over TLS, as to DynamoDB: its connections all end when `ends` changes, as it says.
async fn tls_way(engine_url: &str, ca: &Path, ends: watch::Receiver<End>, connections: Arc<AtomicUsize>) -> String {
    let engine = engine_url.strip_prefix("http://").expect("a URL").to_owned();
    let acceptor = TlsAcceptor::from(Arc::new(tls(ca)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://localhost:{}", listener.local_addr().expect("its address").port());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            let mut server = TcpStream::connect(&engine).await.expect("the engine");
            let (acceptor, mut ends) = (acceptor.clone(), ends.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(client).await.expect("a handshake");
                ends.mark_unchanged();
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => return,
                    _ = ends.changed() => {}
                }
                let end = *ends.borrow();
                match end {
                    End::Goodbye => client.shutdown().await.expect("a goodbye"),
                    End::Silently => {}
                    End::Reset => client.get_ref().0.set_zero_linger().expect("an option"),
                }
            });
        }
    });
    url
}

/// TLS for `localhost`, under an authority of its own, whose certificate is written to `ca`.
fn tls(ca: &Path) -> rustls::ServerConfig {
    let mut authority = rcgen::CertificateParams::new([]).expect("parameters");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key).expect("an authority");
    std::fs::write(ca, authority.pem()).expect("written");
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    let certificate = certificate.signed_by(&key, &authority).expect("a certificate");
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("a key that fits")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_was_frozen_writes_at_once_though_its_connection_is_dead() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    let (end, ends) = watch::channel(End::Goodbye);
    let connections = Arc::new(AtomicUsize::new(0));
    let endpoint_url = tls_way(app.endpoint_url(), &ca, ends, Arc::clone(&connections)).await;
    let mut runtime_api = RuntimeApi::start().await;
    let mut shorten = function(env!("CARGO_BIN_EXE_shorten-under-test"), &runtime_api, &endpoint_url);
    let process = shorten.env("AWS_CA_BUNDLE", &ca).spawn().expect("a process");
    let mut expected = 1;
    for how in [End::Goodbye, End::Silently, End::Reset].repeat(4) {
        let order = |alias: String| {
            json!({
                "routeKey": "POST /shorten", "headers": {"content-type": "application/json"},
                "body": json!({"url": "https://example.com/", "alias": alias}).to_string(),
                "requestContext": {"http": {"method": "POST"}},
            })
        };
        let made = runtime_api.invoke(&order(format!("before-{expected}"))).await;
        assert_eq!(made["statusCode"], 201, "{made}");
        assert_eq!(connections.load(Ordering::SeqCst), expected, "one connection is used as long as it lives");
        runtime_api.idle().await;
        signal(&process, "STOP").await;
        end.send(how).expect("a connection");
        // The kernel takes the end in as the process sleeps, and both it and the next event await it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let event = order(format!("after-{expected}"));
        let (made, ()) = tokio::join!(runtime_api.invoke(&event), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            signal(&process, "CONT").await;
        });
        assert_eq!(made["statusCode"], 201, "{how:?}: {made}");
        expected += 1;
        assert_eq!(connections.load(Ordering::SeqCst), expected, "{how:?}: a new one, once");
    }
}
