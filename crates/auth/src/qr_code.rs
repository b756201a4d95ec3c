//! A text as a picture that a telephone reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Encoder};
use qrcodegen::{QrCode, QrCodeEcc};

/// Pixels to one module of the code.
const SCALE: usize = 5;
/// White modules around the code; the standard (ISO/IEC 18004) wants four.
const BORDER: usize = 4;

/// A text does not fit into a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text is too long for a QR code")]
pub struct QrCodeError;

/// The picture of a text, as a data URI (PNG).
pub(crate) fn data_uri(text: &str) -> Result<String, QrCodeError> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| QrCodeError)?;
    let modules = usize::try_from(code.size()).map_err(|_| QrCodeError)?;
    let side = (modules + 2 * BORDER) * SCALE;
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for row in 0..side {
        pixels.extend((0..side.div_ceil(8)).map(|byte| eight(&code, row, byte * 8)));
    }
    let width = u32::try_from(side).map_err(|_| QrCodeError)?;
    let mut png = Vec::new();
    let mut encoder = Encoder::new(&mut png, width, width);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&pixels)?;
        writer.finish()
    });
    written.map_err(|_| QrCodeError)?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

/// Eight pixels, the first in the highest bit, white as one.
fn eight(code: &QrCode, row: usize, column: usize) -> u8 {
    let module = |pixel: usize| {
        let place = (pixel / SCALE).checked_sub(BORDER)?;
        i32::try_from(place).ok()
    };
    (column..column + 8).fold(0, |byte, column| {
        let dark = module(column)
            .zip(module(row))
            .is_some_and(|(x, y)| code.get_module(x, y));
        byte << 1 | u8::from(!dark)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_a_white_border_and_the_corner_of_every_code() {
        let uri = data_uri("otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ").unwrap();
        let png = STANDARD
            .decode(uri.strip_prefix("data:image/png;base64,").unwrap())
            .unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let side = info.width as usize;
        assert_eq!((info.width, info.height), (side as u32, side as u32));
        let white = |x: usize, y: usize| pixels[y * info.line_size + x / 8] & (128 >> (x % 8)) != 0;
        // A square of seven dark modules with a white ring in it.
        let corner: String = (0..BORDER + 8)
            .map(|module| match white(module * SCALE, (BORDER + 1) * SCALE) {
                true => '.',
                false => '#',
            })
            .collect();
        assert_eq!(corner, "....#.....#.");
        assert!((0..side).all(|place| white(place, 0) && white(0, place) && white(side - 1, place)));
        assert_eq!(data_uri(&"x".repeat(4_000)), Err(QrCodeError));
    }
}
