//! A connection with deadlines: a stream goes in, the same stream comes out, which fails when its other end does nothing.
//!
//! Two things that no HTTP implementation looks after: a connection on which not even the version of the protocol is known, and an answer that
//! is not taken off our hands. Time for a request's head is the business of hyper; time for a body that of `body.rs`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// What HTTP/2 begins with (RFC 9113, section 3.4). As long as a connection has said nothing else, it may be either version.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream whose other end must do something.
#[derive(Debug)]
pub(super) struct Deadline<T> {
    inner: T,
    /// How many bytes of the preface came, and until when the rest, or something else, must come.
    opening: Option<(usize, Pin<Box<Sleep>>)>,
    /// Until when some of what waits must be taken.
    stalled: Option<Pin<Box<Sleep>>>,
    stall_timeout: Duration,
}

impl<T> Deadline<T> {
    /// With a time until the first word, and a time for each step of an answer.
    pub(super) fn new(inner: T, opening_timeout: Duration, stall_timeout: Duration) -> Self {
        let opening = Some((0, Box::pin(sleep(opening_timeout))));
        Self { inner, opening, stalled: None, stall_timeout }
    }

    /// Looks at the first bytes.
    fn took(&mut self, bytes: &[u8]) {
        let Some((matched, _)) = &mut self.opening else { return };
        let expected = PREFACE.get(*matched..).unwrap_or_default();
        *matched += bytes.len();
        if bytes.len() >= expected.len() || !expected.starts_with(bytes) || bytes.is_empty() {
            self.opening = None;
        }
    }

    /// What became of a write: one that waits has a deadline, one that went through has none.
    fn wrote<R>(&mut self, result: Poll<io::Result<R>>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let timeout = self.stall_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer was not read")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Deadline<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut this.inner).poll_read(cx, buf) {
            this.took(buf.filled().get(before..).unwrap_or_default());
            return Poll::Ready(result);
        }
        let Some((_, until)) = &mut this.opening else { return Poll::Pending };
        ready!(until.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was said")))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Deadline<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.wrote(result, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write_vectored(cx, slices);
        this.wrote(result, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_flush(cx);
        this.wrote(result, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_shutdown(cx);
        this.wrote(result, cx)
    }
}

/// A deadline that moves on with each step.
#[derive(Debug)]
pub(super) struct Step {
    timeout: Duration,
    until: Option<Pin<Box<Sleep>>>,
}

impl Step {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, until: None }
    }

    /// Something came.
    pub(super) fn done(&mut self) {
        let next = Instant::now() + self.timeout;
        if let Some(until) = &mut self.until {
            until.as_mut().reset(next);
        }
    }

    /// Nothing came: ready when that was so for too long.
    pub(super) fn poll_waited(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timeout = self.timeout;
        self.until.get_or_insert_with(|| Box::pin(sleep(timeout))).as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const TIME: Duration = Duration::from_secs(10);

    /// Whether a connection that says this, and then nothing, is given up.
    async fn is_given_up(first: &[u8]) -> bool {
        let (mut client, server) = duplex(1_000);
        let mut server = Deadline::new(server, TIME, TIME);
        let mut read = Vec::new();
        for byte in first {
            client.write_all(&[*byte]).await.expect("memory");
            tokio::time::advance(TIME / 100).await;
            let mut one = [0];
            server.read_exact(&mut one).await.expect("a byte");
            read.push(one[0]);
        }
        assert_eq!(read, first);
        let more = tokio::time::timeout(TIME * 3, server.read_u8()).await;
        matches!(more, Ok(Err(e)) if e.kind() == io::ErrorKind::TimedOut)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_connection_until_its_version_is_known() {
        assert!(is_given_up(b"").await);
        assert!(is_given_up(b"P").await);
        assert!(is_given_up(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r").await);
        assert!(!is_given_up(PREFACE).await);
        assert!(!is_given_up(b"POST").await);
        assert!(!is_given_up(b"G").await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_ends_a_connection() {
        let (mut client, server) = duplex(10);
        let mut server = Deadline::new(server, TIME, TIME);
        let writer = tokio::spawn(async move { server.write_all(&[7; 1_000]).await });
        // A slow reader is no dead one.
        for _ in 0..5 {
            sleep(TIME / 2).await;
            client.read_exact(&mut [0; 10]).await.expect("some bytes");
        }
        sleep(TIME * 2).await;
        let error = writer.await.expect("no panic").expect_err("too slow");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
