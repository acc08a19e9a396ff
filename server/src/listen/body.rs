//! The body of a request as it comes from the network: it fails when it stands still for too long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use hyper::body::{Bytes, Incoming};

use super::deadline::Step;

/// A body with a deadline for each step.
#[derive(Debug)]
pub struct RequestBody {
    inner: Incoming,
    step: Step,
}

/// Why a body ended early.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

impl RequestBody {
    pub(super) fn new(inner: Incoming, idle_timeout: Duration) -> Self {
        Self { inner, step: Step::new(idle_timeout) }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.step.done();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => match this.step.poll_waited(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err("the body of the request stopped coming".into()))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
