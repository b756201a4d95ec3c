//! What the doc comments of a row say of its columns.

/// An entity that keeps the doc comments of its columns; made by `documented!`.
pub trait Documented {
    /// Field and doc comment, one for each column.
    const COMMENTS: &'static [(&'static str, &'static str)];

    /// What is said of the column with this SQL name.
    fn comment_of(sql: &str) -> &'static str {
        Self::COMMENTS
            .iter()
            .find(|(field, _)| field.trim_start_matches("r#") == sql)
            .map_or("", |(_, comment)| comment.trim())
    }
}

/// Declares the row of a table and keeps the doc comments of its columns. A column without one does not compile.
macro_rules! documented {
    (@comments $(#[$of_row:meta])* pub struct Model {
        $(
            $(#[doc = $comment:literal])+
            $(#[sea_orm($($option:tt)*)])?
            pub $field:ident: $kind:ty,
        )*
    }) => {
        impl crate::catalogue::Documented for Entity {
            const COMMENTS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($field), concat!($($comment),+)),)*];
        }
    };
    ($($row:tt)*) => {
        $($row)*
        crate::catalogue::documented!(@comments $($row)*);
    };
}

pub(crate) use documented;
