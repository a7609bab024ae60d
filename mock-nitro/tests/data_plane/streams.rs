//! Bytes that nobody reads, and TLS that is passed on.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::bench::Bench;

#[tokio::test]
async fn a_stream_goes_to_its_member_and_back_and_the_member_may_speak_first() {
    let mut bench = Bench::new();
    bench.back_end("mail", "TCP", 0).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bench.member("mail", listener.local_addr().unwrap());
    let port = bench.front("TCP").await;
    bench.route(port, 1, "TRUE", "mail");
    let member = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"220 hello\r\n").await.unwrap();
        let mut read = String::new();
        stream.read_to_string(&mut read).await.unwrap();
        stream.write_all(b"221 bye\r\n").await.unwrap();
        read
    });
    let mut client = bench.connect(port).await.unwrap();
    let mut greeting = [0; 11];
    client.read_exact(&mut greeting).await.unwrap();
    client.write_all(b"QUIT\r\n").await.unwrap();
    // One side may say that it has no more, and still listen.
    client.shutdown().await.unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.unwrap();
    assert_eq!((&greeting, rest.as_str()), (b"220 hello\r\n", "221 bye\r\n"));
    assert_eq!(member.await.unwrap(), "QUIT\r\n");
}
