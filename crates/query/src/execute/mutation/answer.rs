//! What is answered of rows written.

use super::super::answer::{Output, write_key};
use super::{Channel, Then, Written, with_written};
use crate::error::Failure;
use crate::plan::Shape;
use crate::scalar::Parameter;
use crate::sql::{AnswerWork, MutationWork, Read, ResponseValue, Rows};

/// Writes rows by a statement that returns what is answered of them.
pub(super) async fn at_once<C: Channel>(
    channel: &mut C,
    work: &MutationWork,
    (rows, parameters): (Rows<'_>, Vec<Parameter>),
    then: Then,
    out: &mut Output,
) -> Result<(), Failure> {
    let members = match &work.answer {
        AnswerWork::Row(_) => {
            read(channel, (rows, parameters), then, out).await?;
            return Ok(());
        }
        AnswerWork::Response(members) | AnswerWork::Responses(members) => members,
    };
    out.check()?;
    let mut returned = out.beside();
    let affected = read(channel, (rows, parameters), then, &mut returned).await?;
    out.allow_as(&returned);
    out.push(b'{');
    for (number, (key, value)) in members.iter().enumerate() {
        begin(number, key, out);
        match value {
            ResponseValue::Known(json) => out.extend_from_slice(json.as_bytes()),
            ResponseValue::AffectedRows => out.extend_from_slice(affected.to_string().as_bytes()),
            ResponseValue::Returning(_) => out.extend_from_slice(&returned),
        }
    }
    out.push(b'}');
    Ok(())
}

/// Reads rows that were written, by their keys or from what is left of them.
pub(super) async fn written<C: Channel>(
    channel: &mut C,
    work: &MutationWork,
    written: &Written,
    answers: &[Vec<Parameter>],
    then: Then,
    out: &mut Output,
) -> Result<(), Failure> {
    let rows = match written.gone.is_empty() {
        true => Parameter::List(written.keys.clone()),
        false => Parameter::Json(format!("[{}]", written.gone.join(","))),
    };
    let members = match &work.answer {
        AnswerWork::Row(read) => {
            let bound = answers.first().map(Vec::as_slice).unwrap_or_default();
            return returning(channel, (read, bound), written, &rows, then, out).await;
        }
        AnswerWork::Response(members) | AnswerWork::Responses(members) => members,
    };
    let reads = |(_, value): &(String, ResponseValue)| matches!(value, ResponseValue::Returning(_));
    let last = members.iter().rposition(reads);
    out.push(b'{');
    for (number, ((key, value), bound)) in members.iter().zip(answers).enumerate() {
        begin(number, key, out);
        match value {
            ResponseValue::Known(json) => out.extend_from_slice(json.as_bytes()),
            ResponseValue::AffectedRows => out.extend_from_slice(written.affected.to_string().as_bytes()),
            ResponseValue::Returning(read) => {
                let then = if last == Some(number) { then } else { Then::Others };
                returning(channel, (read, bound), written, &rows, then, out).await?;
            }
        }
    }
    out.push(b'}');
    Ok(())
}

async fn returning<C: Channel>(
    channel: &mut C,
    (read, bound): (&Read, &[Parameter]),
    written: &Written,
    rows: &Parameter,
    then: Then,
    out: &mut Output,
) -> Result<(), Failure> {
    if written.keys.is_empty() {
        let nothing: &[u8] = match read.shape {
            Shape::One => b"null",
            Shape::Many => b"[]",
        };
        out.extend_from_slice(nothing);
        return Ok(());
    }
    let parameters = with_written(&read.binds, bound, rows);
    self::read(channel, (read.rows(), parameters), then, out).await?;
    Ok(())
}

/// Reads what is answered. The end of the transaction goes along where that is short; else it has to wait until the
/// answer is known not to be too long.
async fn read<C: Channel>(
    channel: &mut C,
    (rows, parameters): (Rows<'_>, Vec<Parameter>),
    then: Then,
    out: &mut Output,
) -> Result<usize, Failure> {
    let then = match rows.are_short() {
        true => then,
        false => Then::Others,
    };
    if then == Then::Commit {
        out.check()?;
        out.lift();
    }
    channel.read(rows, parameters, then, out).await
}

fn begin(number: usize, key: &str, out: &mut Output) {
    if number > 0 {
        out.push(b',');
    }
    write_key(key, out);
}
