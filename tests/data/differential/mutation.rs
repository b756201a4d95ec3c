//! Random mutations as documents, the answers that the model gives to them, and what is stored afterwards.

use serde_json::{Map, Value, json};

use super::database::Codes;
use super::insert::{Conflict, Object};
use super::open::Schema;
use super::query::{Document, Field, object, selection};
use super::role::Asking;
use super::rows::{Row, Store};
use super::schema::Table;
use super::transaction::Transaction;
use super::update::{Update, Which};

/// Root fields in one request.
#[derive(Debug, Clone)]
pub(super) struct Mutation {
    pub(super) roots: Vec<Root>,
    /// Whether the client calls itself a backend.
    pub(super) backend: bool,
}

/// A root field, with what is selected of the rows written; nothing where the role does not read them.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub(super) table: &'static Table,
    pub(super) write: Write,
    pub(super) fields: Option<Vec<Field>>,
}

/// What is written.
#[derive(Debug, Clone)]
pub(super) enum Write {
    InsertOne(Object, Option<Conflict>),
    Insert(Vec<Object>, Option<Conflict>),
    Update(Update),
    UpdateMany(Vec<Update>),
    Delete(Which),
}

/// The answer, or the codes that an error may have, and what is stored then.
pub(super) type Outcome = (Result<Value, Codes>, Store);

impl Mutation {
    pub(super) fn document(&self, in_variables: bool) -> (String, Value) {
        let mut document = Document::new(in_variables);
        let roots = self.roots.iter().enumerate();
        let roots: Vec<String> = roots
            .map(|(number, root)| format!("m{number}: {}", root.text(&mut document)))
            .collect();
        document.finish("mutation", &roots.join(" "))
    }

    /// Root fields one after the other; the first that fails undoes all.
    pub(super) fn apply(&self, asking: Asking<'_>) -> Outcome {
        let before = asking.store.clone();
        let schema = Schema {
            role: asking.role,
            backend: self.backend,
        };
        if !self.roots.iter().all(|root| schema.has_root(root)) {
            return (Err(Codes::from(["validation-failed"])), before);
        }
        let mut transaction = Transaction::new(asking);
        let mut data = Map::new();
        for (number, root) in self.roots.iter().enumerate() {
            match root.apply(&mut transaction) {
                Ok(answer) => data.insert(format!("m{number}"), answer),
                Err(codes) => return (Err(codes), before),
            };
        }
        (Ok(json!({ "data": data })), transaction.store)
    }
}

impl Root {
    fn text(&self, document: &mut Document) -> String {
        let (many, one) = (self.table.name, self.table.one);
        let (name, arguments) = match &self.write {
            Write::InsertOne(object, conflict) => {
                let type_name = format!("{many}_insert_input!");
                let object = document.argument("object", &type_name, &object.to_json());
                (
                    named("insert", one),
                    [Some(object), self.conflict(conflict, document)]
                        .into_iter()
                        .flatten()
                        .collect(),
                )
            }
            Write::Insert(objects, conflict) => {
                let type_name = format!("[{many}_insert_input!]!");
                let objects: Value = objects.iter().map(Object::to_json).collect();
                let objects = document.argument("objects", &type_name, &objects);
                (
                    named("insert", many),
                    [Some(objects), self.conflict(conflict, document)]
                        .into_iter()
                        .flatten()
                        .collect(),
                )
            }
            Write::Update(update) => {
                let name = if is_one(&update.which) { one } else { many };
                let mut arguments = vec![self.which("pk_columns", &update.which, document)];
                for (operator, columns) in update.operators() {
                    arguments.push(document.argument(operator, &format!("{many}{operator}_input"), &columns));
                }
                (named("update", name), arguments)
            }
            Write::UpdateMany(updates) => {
                let updates: Value = updates.iter().map(to_json).collect();
                let updates = document.argument("updates", &format!("[{many}_updates!]!"), &updates);
                (format!("update_{many}_many"), vec![updates])
            }
            Write::Delete(which) => {
                let name = if is_one(which) { one } else { many };
                (named("delete", name), vec![self.which("id", which, document)])
            }
        };
        format!("{name}({}) {}", arguments.join(", "), self.selection(document))
    }

    fn conflict(&self, conflict: &Option<Conflict>, document: &mut Document) -> Option<String> {
        let type_name = format!("{}_on_conflict", self.table.name);
        let conflict = conflict.as_ref()?;
        Some(document.argument("on_conflict", &type_name, &conflict.to_json()))
    }

    fn which(&self, by_key: &str, which: &Which, document: &mut Document) -> String {
        match which {
            Which::Key(key) if by_key == "id" => document.argument("id", "uuid!", key),
            Which::Key(key) => {
                let type_name = format!("{}_pk_columns_input!", self.table.name);
                document.argument(by_key, &type_name, &json!({ "id": key }))
            }
            Which::Where(condition) => document.condition(self.table, condition),
        }
    }

    /// Whether it answers one row.
    fn answers_row(&self) -> bool {
        match &self.write {
            Write::InsertOne(..) => true,
            Write::Update(update) => is_one(&update.which),
            Write::Delete(which) => is_one(which),
            Write::Insert(..) | Write::UpdateMany(_) => false,
        }
    }

    fn selection(&self, document: &mut Document) -> String {
        let fields = self.fields.as_ref().map(|fields| selection(fields, document));
        match (fields, self.answers_row()) {
            (Some(fields), true) => fields,
            (Some(fields), false) => format!("{{ affected_rows returning {fields} }}"),
            (None, _) => "{ affected_rows }".to_owned(),
        }
    }

    fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Value, Codes> {
        match &self.write {
            Write::InsertOne(object, conflict) => {
                self.insert(transaction, std::slice::from_ref(object), conflict.as_ref())
            }
            Write::Insert(objects, conflict) => self.insert(transaction, objects, conflict.as_ref()),
            Write::Update(update) => self.update(transaction, update),
            Write::UpdateMany(updates) => {
                let answers = updates.iter().map(|update| self.update(transaction, update));
                answers.collect::<Result<Value, Codes>>()
            }
            Write::Delete(which) => {
                let rows = transaction.remove(self.table, which)?;
                Ok(self.answer(transaction, &rows, rows.len()))
            }
        }
    }

    fn insert(
        &self,
        transaction: &mut Transaction<'_>,
        objects: &[Object],
        conflict: Option<&Conflict>,
    ) -> Result<Value, Codes> {
        let placed: Vec<_> = objects.iter().map(|object| (object, None)).collect();
        let found = transaction.insert(self.table, &placed, conflict)?;
        transaction.grant_role(&found.users);
        let keys: Vec<Value> = found.keys.into_iter().flatten().collect();
        Ok(self.answer_keys(transaction, &keys, found.affected))
    }

    fn update(&self, transaction: &mut Transaction<'_>, update: &Update) -> Result<Value, Codes> {
        let keys = transaction.update(self.table, update)?;
        Ok(self.answer_keys(transaction, &keys, keys.len()))
    }

    fn answer_keys(&self, transaction: &Transaction<'_>, keys: &[Value], affected: usize) -> Value {
        let rows = keys
            .iter()
            .filter_map(|key| transaction.store.find(self.table, key));
        let rows: Vec<Row> = rows.cloned().collect();
        self.answer(transaction, &rows, affected)
    }

    /// Those of the rows written that the role may read.
    fn answer(&self, transaction: &Transaction<'_>, rows: &[Row], affected: usize) -> Value {
        let Some(fields) = &self.fields else {
            return json!({ "affected_rows": affected });
        };
        let asking = transaction.asking();
        let rows = rows.iter().filter(|row| asking.sees(self.table, row, true));
        let mut rows = rows.map(|row| object(asking, self.table, row, fields));
        match self.answers_row() {
            true => rows.next().unwrap_or_default(),
            false => json!({ "affected_rows": affected, "returning": rows.collect::<Value>() }),
        }
    }

    /// Whether the order of the rows answered is that of the request.
    pub(super) fn is_ordered(&self) -> bool {
        matches!(self.write, Write::Insert(..))
    }
}

fn is_one(which: &Which) -> bool {
    matches!(which, Which::Key(_))
}

/// As `updates` has it.
fn to_json(update: &Update) -> Value {
    let operators = update.operators().into_iter();
    let mut input: Map<String, Value> = operators
        .map(|(operator, columns)| (operator.to_owned(), columns))
        .collect();
    if let Which::Where(condition) = &update.which {
        input.insert("where".to_owned(), condition.to_json());
    }
    Value::Object(input)
}

/// `insert` and `users` as `insertUsers`.
fn named(verb: &str, noun: &str) -> String {
    let (first, rest) = noun.split_at(1);
    format!("{verb}{}{rest}", first.to_uppercase())
}
