//! Indexes of payload fields.

use super::{Opened, Scope};
use crate::auth::Right;
use crate::convert::collections::Given;
use crate::convert::indexes::{Index, index_in};
use crate::error::{ApiError, Result};
use nigh::{CollectionUpdate, ScrollRequest};
use nigh_api::{CreateFieldIndex, PayloadFieldSchema, PayloadSchemaType, UpdateResult, UpdateStatus};
use serde_json::Value;

/// Points that are looked at to guess a field's type.
const LOOKED_AT: usize = 1_000;

/// Indexes a field. The index that is there already stays; one of another kind is replaced.
pub(crate) fn create(scope: &Scope, name: &str, body: CreateFieldIndex) -> Result<UpdateResult> {
    let opened = scope.open(name, Right::WriteWhole)?;
    let CreateFieldIndex { field_name, field_schema } = body;
    let schema = match field_schema {
        Some(schema) => schema,
        None => guess(&opened, &field_name)?,
    };
    let index = index_in(&schema)?;
    // What clients read back first: a schema without an index is not shown.
    remember(&opened, |given| {
        given.schema.insert(field_name.clone(), schema);
    })?;
    match index {
        Index::Values(kind) => opened.collection.create_payload_index(&field_name, kind)?,
        Index::Words(analyzer) => opened.collection.create_text_index(&field_name, &analyzer)?,
    };
    completed(&opened)
}

/// Drops the index of a field; one that is not there is fine.
pub(crate) fn delete(scope: &Scope, name: &str, field: &str) -> Result<UpdateResult> {
    let opened = scope.open(name, Right::WriteWhole)?;
    opened.collection.delete_payload_index(field)?;
    remember(&opened, |given| {
        given.schema.remove(field);
    })?;
    completed(&opened)
}

fn remember(opened: &Opened, change: impl FnOnce(&mut Given)) -> Result<()> {
    let Opened { collection, config, given, .. } = opened;
    let mut changed = given.clone();
    change(&mut changed);
    let metadata = Some(changed.into_metadata(config.metadata.as_ref())?);
    Ok(collection.update(&CollectionUpdate { metadata, ..CollectionUpdate::default() })?)
}

fn completed(opened: &Opened) -> Result<UpdateResult> {
    let operation_id = Some(opened.collection.info()?.last_seq.0);
    Ok(UpdateResult { operation_id, status: UpdateStatus::Completed })
}

/// The type of the first values that are there.
fn guess(opened: &Opened, field: &str) -> Result<PayloadFieldSchema> {
    let path: nigh::PayloadPath = field.parse()?;
    let page = opened.collection.scroll(&ScrollRequest::new().limit(LOOKED_AT))?;
    let payloads = page.points.iter().filter_map(|record| record.payload.as_ref());
    let guessed = payloads.flat_map(|payload| path.values(payload)).find_map(|value| match value {
        Value::Bool(_) => Some(PayloadSchemaType::Bool),
        Value::Number(number) if number.is_f64() => Some(PayloadSchemaType::Float),
        Value::Number(_) => Some(PayloadSchemaType::Integer),
        Value::String(_) => Some(PayloadSchemaType::Keyword),
        Value::Object(map) if map.contains_key("lon") && map.contains_key("lat") => {
            Some(PayloadSchemaType::Geo)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    guessed.map(PayloadFieldSchema::Type).ok_or_else(|| {
        ApiError::bad_input(format_args!(
            "cannot tell the type of field `{field}`: no point has a value there"
        ))
    })
}
