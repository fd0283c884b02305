//! `shortlink backup`: copying the file of the links, also while a server writes it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::server::{Server, run};

/// Runs `shortlink backup` and expects it to succeed. Returns what it prints.
async fn back_up(data: &Path, copy: &Path) -> String {
    let (code, output, errors) = run(&["backup", path(copy), "--data", path(data)]).await;
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{output}");
    output
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// Every link whose creation was answered before the backup began is in it, while other links are being created.
#[tokio::test(flavor = "multi_thread")]
async fn backup_under_load_has_every_link_from_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let copies = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let server = Arc::new(Server::with_file(&data).await);
    let is_over = Arc::new(AtomicBool::new(false));
    let create = |client: usize| {
        let (server, is_over) = (Arc::clone(&server), Arc::clone(&is_over));
        tokio::spawn(async move {
            let mut n = 0;
            while !is_over.load(Ordering::SeqCst) {
                let body =
                    json!({"url": format!("https://example.com/{client}/{n}"), "alias": format!("c{client}-{n}")});
                server.create_link(&body).await.expect("a link");
                n += 1;
            }
            n
        })
    };
    let clients: Vec<_> = (0..4).map(create).collect();
    let mut copied = Vec::new();
    for n in 0..3 {
        let alias = format!("before-{n}");
        let body = json!({"url": format!("https://example.com/before/{n}"), "alias": alias});
        server.create_link(&body).await.expect("a link");
        let copy = copies.path().join(format!("copy-{n}.db"));
        back_up(&data, &copy).await;
        copied.push(copy);
    }
    is_over.store(true, Ordering::SeqCst);
    let mut created = 0;
    for client in clients {
        created += client.await.expect("a client");
    }
    assert!(created > 3, "there was no load");
    assert_eq!(names(copies.path()), ["copy-0.db", "copy-1.db", "copy-2.db"]);
    for (n, copy) in copied.iter().enumerate() {
        let server = Server::with_file(copy).await;
        for earlier in 0..=n {
            let target = format!("https://example.com/before/{earlier}");
            assert_eq!(server.location(&format!("/before-{earlier}")).await, Some(target), "{}", copy.display());
        }
    }
    // The server goes on, and a copy of it all has it all.
    let all = copies.path().join("all.db");
    let output = back_up(&data, &all).await;
    assert!(output.contains(&format!(": {} items, ", created + 3)), "{created}: {output}");
}

#[tokio::test]
async fn backup_replaces_no_file_and_leaves_nothing_behind_if_it_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("links.db");
    let copy = folder.path().join("copy.db");
    let missing = run(&["backup", path(&copy), "--data", path(&data)]).await;
    assert_eq!(missing.0, Some(1));
    assert!(missing.2.contains("there is no file "), "{}", missing.2);
    assert!(names(folder.path()).is_empty());

    let server = Server::with_file(&data).await;
    server.create_link(&json!({"url": "https://example.com/", "alias": "kept"})).await.expect("a link");
    server.signal("TERM").await;
    assert!(server.exit().await.status.success());
    std::fs::write(&copy, "somebody's").expect("a write");
    let (code, _, errors) = run(&["backup", path(&copy), "--data", path(&data)]).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("copy.db exists already and was left as it is"), "{errors}");
    assert_eq!(std::fs::read_to_string(&copy).expect("a file"), "somebody's");

    // A page in the middle of the file is overwritten.
    let mut bytes = std::fs::read(&data).expect("a file");
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    bytes[middle..middle + 4_096].fill(b'x');
    std::fs::write(&data, bytes).expect("a write");
    let other = folder.path().join("other.db");
    let (code, _, errors) = run(&["backup", path(&other), "--data", path(&data)]).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("is damaged"), "{errors}");
    assert!(!names(folder.path()).iter().any(|name| name.starts_with("other")), "{:?}", names(folder.path()));
}
