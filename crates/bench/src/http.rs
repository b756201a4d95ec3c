//! A connection that sends a request and reads its answer, and does nothing else.
//!
//! Whatever the client costs is taken from the service it measures on the same processor; a client for
//! everyone costs several times as much.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Room for an answer; more is taken where one needs it.
const ROOM: usize = 64 * 1024;
/// The most headers an answer may have.
const HEADERS: usize = 64;

/// One connection of HTTP/1.1 that is kept open.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
    /// The body that came in chunks.
    body: BytesMut,
}

/// The answer to a request.
pub(crate) struct Answer<'a> {
    /// The HTTP status.
    pub(crate) status: u16,
    /// What it says.
    pub(crate) body: &'a [u8],
}

/// How the end of a body is known.
enum Length {
    Known(usize),
    Chunks,
}

struct Head {
    status: u16,
    size: usize,
    length: Length,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: BytesMut::new(),
            body: BytesMut::new(),
        })
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.buffer.clear();
        self.body.clear();
        // What was passed over of the answer before is room again.
        self.buffer.reserve(ROOM);
        self.stream.write_all(request).await?;
        let head = loop {
            self.read().await?;
            if let Some(head) = parse(&self.buffer)? {
                break head;
            }
        };
        self.buffer.advance(head.size);
        let body = match head.length {
            Length::Known(length) => {
                while self.buffer.len() < length {
                    self.read().await?;
                }
                self.buffer.truncate(length);
                &self.buffer
            }
            Length::Chunks => {
                self.read_chunks().await?;
                &self.body
            }
        };
        Ok(Answer {
            status: head.status,
            body,
        })
    }

    async fn read_chunks(&mut self) -> io::Result<()> {
        loop {
            let Some((size, length)) = chunk_size(&self.buffer)? else {
                self.read().await?;
                continue;
            };
            // The chunk and the line break after it.
            while self.buffer.len() < size + length + 2 {
                self.read().await?;
            }
            self.buffer.advance(size);
            let chunk = self.buffer.split_to(length);
            self.buffer.advance(2);
            if length == 0 {
                return Ok(());
            }
            self.body.extend_from_slice(&chunk);
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        self.buffer.reserve(4 * 1024);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(size) = response.parse(bytes).map_err(invalid)? else {
        return Ok(None);
    };
    let mut length = Length::Known(0);
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).map_err(invalid)?;
            length = Length::Known(text.trim().parse().map_err(invalid)?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            length = Length::Chunks;
        }
    }
    let status = response.code.unwrap_or_default();
    Ok(Some(Head { status, size, length }))
}

/// The size of the line with a chunk's length, and that length.
fn chunk_size(bytes: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let parsed =
        httparse::parse_chunk_size(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    match parsed {
        httparse::Status::Complete((size, length)) => {
            Ok(Some((size, usize::try_from(length).map_err(invalid)?)))
        }
        httparse::Status::Partial => Ok(None),
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
