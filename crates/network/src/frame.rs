//! The form of one request, answer or status on a stream: pure functions, and the codec that reads and writes with them.
//!
//! A frame is a kind (1 byte), the packed length (4 bytes, big endian) and the snappy-packed bytes. Both the packed and the unpacked length are looked
//! at before anything of that size is allocated, and both are taken from a budget of memory that all streams of a direction share, so that many large answers wait for
//! each other instead of filling the memory.

use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response::Codec};
use std::{io, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Length of the head of a frame. Unit: bytes.
pub const HEAD_BYTES: usize = 5;

/// Why bytes are no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFrame {
    /// The first byte says nothing that is known.
    #[error("a frame of kind {got}, expected 0 (data) or 1 (busy)")]
    Kind {
        /// As sent.
        got: u8,
    },
    /// Longer than it may be, packed or unpacked.
    #[error("a frame of {got} bytes, at most {most} are allowed")]
    Length {
        /// As announced.
        got: usize,
        /// Unit: bytes.
        most: usize,
    },
    /// Not what snappy makes.
    #[error("a frame that cannot be unpacked: {0}")]
    Packing(String),
}

/// What a peer answers, or asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The bytes, unpacked.
    Data(Bytes),
    /// It has no time for us.
    Busy,
}

/// The head of a frame: whether data follow, and how many packed bytes.
///
/// Errors: an unknown kind; more bytes than `max_bytes` of data can be packed into.
pub fn read_head(head: [u8; HEAD_BYTES], max_bytes: usize) -> Result<Option<usize>, InvalidFrame> {
    let [kind, length @ ..] = head;
    let got = u32::from_be_bytes(length) as usize;
    let most = snap::raw::max_compress_len(max_bytes);
    match kind {
        0 if got > most => Err(InvalidFrame::Length { got, most }),
        0 => Ok(Some(got)),
        1 if got == 0 => Ok(None),
        1 => Err(InvalidFrame::Length { got, most: 0 }),
        got => Err(InvalidFrame::Kind { got }),
    }
}

/// Length that packed bytes will have.
///
/// Errors: they say none, or one above `max_bytes`.
pub fn unpacked_length(packed: &[u8], max_bytes: usize) -> Result<usize, InvalidFrame> {
    let got = snap::raw::decompress_len(packed).map_err(|error| InvalidFrame::Packing(error.to_string()))?;
    if got > max_bytes { Err(InvalidFrame::Length { got, most: max_bytes }) } else { Ok(got) }
}

/// Unpacks the bytes after the head.
///
/// Errors: as [`unpacked_length`]; bytes that do not unpack to the length that they say.
pub fn unpack(packed: &[u8], max_bytes: usize) -> Result<Bytes, InvalidFrame> {
    unpacked_length(packed, max_bytes)?;
    let data = snap::raw::Decoder::new().decompress_vec(packed);
    data.map(Bytes::from).map_err(|error| InvalidFrame::Packing(error.to_string()))
}

/// Writes a whole frame.
///
/// Errors: the data are longer than `max_bytes`.
pub fn encode(frame: &Frame, max_bytes: usize) -> Result<Vec<u8>, InvalidFrame> {
    let data = match frame {
        Frame::Busy => return Ok(vec![1, 0, 0, 0, 0]),
        Frame::Data(data) => data,
    };
    if data.len() > max_bytes {
        return Err(InvalidFrame::Length { got: data.len(), most: max_bytes });
    }
    let packed =
        snap::raw::Encoder::new().compress_vec(data).map_err(|error| InvalidFrame::Packing(error.to_string()))?;
    let length =
        u32::try_from(packed.len()).map_err(|_| InvalidFrame::Length { got: packed.len(), most: u32::MAX as usize })?;
    let mut bytes = Vec::with_capacity(HEAD_BYTES + packed.len());
    bytes.push(0);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&packed);
    Ok(bytes)
}

/// A frame with the memory that it was read into.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) frame: Frame,
    _memory: Option<OwnedSemaphorePermit>,
}

impl From<Frame> for Held {
    fn from(frame: Frame) -> Self {
        Self { frame, _memory: None }
    }
}

/// Reads and writes frames within the limits of one protocol.
#[derive(Clone, Debug)]
pub(crate) struct FrameCodec {
    max_request: usize,
    max_response: usize,
    /// For what is asked of us. Unit of a permit: 1 KiB.
    requests: Arc<Semaphore>,
    /// For what we are answered, so that strangers who ask do not take the room for answers.
    responses: Arc<Semaphore>,
}

const UNIT: usize = 1 << 10;

impl FrameCodec {
    /// Limits of each, and the memory for all requests and all answers. Unit: bytes.
    pub(crate) fn new(max: (usize, usize), memory: (usize, usize)) -> Self {
        let budget = |bytes: usize| Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS)));
        Self { max_request: max.0, max_response: max.1, requests: budget(memory.0), responses: budget(memory.1) }
    }

    async fn read<T: AsyncRead + Unpin + Send>(
        io: &mut T,
        max_bytes: usize,
        budget: &Arc<Semaphore>,
    ) -> io::Result<Held> {
        let mut head = [0; HEAD_BYTES];
        io.read_exact(&mut head).await?;
        let Some(length) = read_head(head, max_bytes).map_err(invalid)? else {
            return Ok(Frame::Busy.into());
        };
        // The least that `length` packed bytes take; the rest is reserved when they say to what they unpack.
        let mut memory = budget.clone().acquire_many_owned(permits(length)).await.map_err(io::Error::other)?;
        let mut packed = vec![0; length];
        io.read_exact(&mut packed).await?;
        let unpacked = unpacked_length(&packed, max_bytes).map_err(invalid)?;
        let more = budget.clone().try_acquire_many_owned(permits(unpacked));
        memory
            .merge(more.map_err(|_| io::Error::new(io::ErrorKind::OutOfMemory, "the memory for requests is used up"))?);
        let data = unpack(&packed, max_bytes).map_err(invalid)?;
        Ok(Held { frame: Frame::Data(data), _memory: Some(memory) })
    }

    async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, frame: &Frame, max: usize) -> io::Result<()> {
        let bytes = encode(frame, max).map_err(invalid)?;
        io.write_all(&bytes).await?;
        io.flush().await
    }
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// As an error of the stream: of a kind that no broken connection has, so that the sender can be blamed.
fn invalid(error: InvalidFrame) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl Codec for FrameCodec {
    type Protocol = StreamProtocol;
    type Request = Held;
    type Response = Held;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Held>
    where
        T: AsyncRead + Unpin + Send,
    {
        Self::read(io, self.max_request, &self.requests).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Held>
    where
        T: AsyncRead + Unpin + Send,
    {
        Self::read(io, self.max_response, &self.responses).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, request: Held) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Self::write(io, &request.frame, self.max_request).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, response: Held) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Self::write(io, &response.frame, self.max_response).await
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use futures::{executor::block_on, io::Cursor};
    use proptest::prelude::*;

    const MAX: usize = 10_000;
    const PROTOCOL: StreamProtocol = StreamProtocol::new("/test");

    fn codec() -> FrameCodec {
        FrameCodec::new((MAX, MAX), (1 << 20, 1 << 20))
    }

    fn read(bytes: Vec<u8>) -> io::Result<Frame> {
        block_on(codec().read_request(&PROTOCOL, &mut Cursor::new(bytes))).map(|held| held.frame)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(data in proptest::collection::vec(any::<u8>(), 0..MAX)) {
            let frame = Frame::Data(data.into());
            prop_assert_eq!(read(encode(&frame, MAX).unwrap()).unwrap(), frame);
        }

        #[test]
        fn garbage_is_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            // Either is right; a panic or a large allocation is not.
            let _ = read(bytes);
        }
    }

    #[test]
    fn too_long_frames_are_refused_before_they_are_read() {
        let error = read(vec![0, 0xff, 0xff, 0xff, 0xff]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        // A bomb: few packed bytes that say they unpack to 4 GiB.
        let bomb = [&[0u8, 0, 0, 0, 6][..], &[0xff, 0xff, 0xff, 0xff, 0x0f, 0]].concat();
        let error = read(bomb).unwrap_err();
        assert!(error.to_string().contains("at most 10000"), "{error}");
        let zeros = Frame::Data(vec![0; MAX + 1].into());
        assert_eq!(encode(&zeros, MAX), Err(InvalidFrame::Length { got: MAX + 1, most: MAX }));
        assert!(matches!(read_head([7, 0, 0, 0, 0], MAX), Err(InvalidFrame::Kind { got: 7 })));
        assert_eq!(read(encode(&Frame::Busy, MAX).unwrap()).unwrap(), Frame::Busy);
    }

    #[test]
    fn memory_is_given_back() {
        let mut codec = FrameCodec::new((MAX, MAX), (24 << 10, 1 << 20));
        let bytes = encode(&Frame::Data(vec![7; MAX].into()), MAX).unwrap();
        let held = block_on(codec.read_request(&PROTOCOL, &mut Cursor::new(bytes.clone()))).unwrap();
        assert!(codec.requests.available_permits() < 24);
        let second = block_on(codec.read_request(&PROTOCOL, &mut Cursor::new(bytes.clone()))).unwrap();
        let third = block_on(codec.read_request(&PROTOCOL, &mut Cursor::new(bytes))).unwrap_err();
        assert_eq!(third.kind(), io::ErrorKind::OutOfMemory);
        drop((held, second));
        assert_eq!(codec.requests.available_permits(), 24);
    }
}
