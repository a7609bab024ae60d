//! Comparing numbers and reckoning with them.

use super::{Function, ONE_NUMBER, ONE_TEXT, Parameter, Row, Sort, Value, row, text, with};

const fn compared(name: &'static str, function: Function) -> Row {
    with(ONE_NUMBER, row(Sort::Number, name, Sort::Truth, function))
}

const fn reckoned(name: &'static str, function: Function) -> Row {
    with(ONE_NUMBER, row(Sort::Number, name, Sort::Number, function))
}

/// What does not fit stays at the largest or smallest number (assumed).
pub(super) const ROWS: [Row; 13] = [
    compared("EQ", |values, _| Value::Truth(values[0].number() == values[1].number())),
    compared("NE", |values, _| Value::Truth(values[0].number() != values[1].number())),
    compared("GT", |values, _| Value::Truth(values[0].number() > values[1].number())),
    compared("GE", |values, _| Value::Truth(values[0].number() >= values[1].number())),
    compared("LT", |values, _| Value::Truth(values[0].number() < values[1].number())),
    compared("LE", |values, _| Value::Truth(values[0].number() <= values[1].number())),
    with(
        &[Parameter::Number, Parameter::Number],
        row(Sort::Number, "BETWEEN", Sort::Truth, |values, _| {
            let (low, high) = (values[1].number(), values[2].number());
            Value::Truth((low..=high).contains(&values[0].number()))
        }),
    ),
    reckoned("ADD", |values, _| {
        Value::Number(values[0].number().saturating_add(values[1].number()))
    }),
    reckoned("SUB", |values, _| {
        Value::Number(values[0].number().saturating_sub(values[1].number()))
    }),
    reckoned("MUL", |values, _| {
        Value::Number(values[0].number().saturating_mul(values[1].number()))
    }),
    row(Sort::Number, "ABS", Sort::Number, |values, _| {
        Value::Number(values[0].number().saturating_abs())
    }),
    row(Sort::Number, "TYPECAST_TEXT_T", Sort::Text, |values, _| text(values, 0).into()),
    with(
        ONE_TEXT,
        row(Sort::Number, "APPEND", Sort::Text, |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            format!("{}{}", own.content, other.content).into()
        }),
    ),
];
