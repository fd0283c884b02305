//! Faults on the way to DynamoDB.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A way to a DynamoDB that a test stands on: it sees what is asked and what is answered, piece by piece.
pub async fn way<A, B>(endpoint_url: String, on_asked: A, on_answered: B) -> String
where
    A: Fn(&[u8]) -> Asked + Clone + Send + 'static,
    B: Fn() -> Answered + Clone + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let engine = endpoint_url.strip_prefix("http://").expect("an http URL").to_owned();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (engine, on_asked, on_answered) = (engine.clone(), on_asked.clone(), on_answered.clone());
            tokio::spawn(async move {
                let mut server = TcpStream::connect(engine).await.expect("the engine");
                let (mut asked, mut answered) = ([0; 65_536], [0; 65_536]);
                loop {
                    tokio::select! {
                        n = client.read(&mut asked) => match n {
                            Ok(n @ 1..) => match on_asked(&asked[..n]) {
                                Asked::Pass => server.write_all(&asked[..n]).await.expect("written"),
                                Asked::Reply(reply) => client.write_all(reply).await.expect("written"),
                                Asked::Stall => {}
                            },
                            _ => return,
                        },
                        n = server.read(&mut answered) => match n {
                            Ok(n @ 1..) => match on_answered() {
                                Answered::Pass => client.write_all(&answered[..n]).await.expect("written"),
                                Answered::Lose => return,
                            },
                            _ => return,
                        },
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

/// What becomes of a piece of a request.
pub enum Asked {
    /// It goes through.
    Pass,
    /// It does not, and this is the answer.
    Reply(&'static [u8]),
    /// It does not, and there is no answer.
    Stall,
}

/// What becomes of a piece of an answer.
pub enum Answered {
    /// It goes through.
    Pass,
    /// It is lost, and the connection with it.
    Lose,
}
