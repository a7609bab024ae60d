//! What all texts can be asked.

use super::{
    Function, LIST, ONE_NUMBER, ONE_PATTERN, ONE_TEXT, Parameter, Row, Sort, Text, Value,
    character, count, row, text, with,
};

const fn test(name: &'static str, function: Function) -> Row {
    with(ONE_TEXT, row(Sort::Text, name, Sort::Truth, function))
}

const fn made(name: &'static str, function: Function) -> Row {
    row(Sort::Text, name, Sort::Text, function)
}

const MODES: &[&str] = &["IGNORECASE", "NOIGNORECASE", "URLENCODED", "NOURLENCODED"];

const COUNTED: &[Parameter] = &[Parameter::Character, Parameter::Number];

pub(super) const ROWS: [Row; 40] = [
    test("EQ", |values, _| Value::Truth(text(values, 0).equals(&text(values, 1)))),
    test("NE", |values, _| Value::Truth(!text(values, 0).equals(&text(values, 1)))),
    test("GT", |values, _| Value::Truth(order(values).is_gt())),
    test("GE", |values, _| Value::Truth(order(values).is_ge())),
    test("LT", |values, _| Value::Truth(order(values).is_lt())),
    test("LE", |values, _| Value::Truth(order(values).is_le())),
    test("CONTAINS", |values, _| Value::Truth(text(values, 0).contains(&text(values, 1)))),
    test("STARTSWITH", |values, _| Value::Truth(text(values, 0).starts_with(&text(values, 1)))),
    test("ENDSWITH", |values, _| Value::Truth(text(values, 0).ends_with(&text(values, 1)))),
    with(
        ONE_PATTERN,
        row(Sort::Text, "REGEX_MATCH", Sort::Truth, |values, _| {
            Value::Truth(matched(values, |_, found| found).is_some())
        }),
    ),
    // The first match; nothing where there is none (documented of `AFTER_REGEX`).
    with(ONE_PATTERN, made("REGEX_SELECT", |values, _| selected(values, |_, found| found))),
    with(
        ONE_PATTERN,
        made("BEFORE_REGEX", |values, _| selected(values, |_, found| 0..found.start)),
    ),
    with(
        ONE_PATTERN,
        made("AFTER_REGEX", |values, _| selected(values, |all, found| found.end..all)),
    ),
    // In bytes (documented).
    row(Sort::Text, "LENGTH", Sort::Number, |values, _| {
        Value::Number(i64::try_from(text(values, 0).content.len()).unwrap_or(i64::MAX))
    }),
    made("TO_LOWER", |values, _| {
        let own = text(values, 0);
        let lower = own.content.to_ascii_lowercase();
        own.with(lower).into()
    }),
    made("TO_UPPER", |values, _| {
        let own = text(values, 0);
        let upper = own.content.to_ascii_uppercase();
        own.with(upper).into()
    }),
    with(
        ONE_TEXT,
        made("APPEND", |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            let joined = format!("{}{}", own.content, other.content);
            own.with(joined).into()
        }),
    ),
    with(
        ONE_TEXT,
        made("PREPEND", |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            let joined = format!("{}{}", other.content, own.content);
            own.with(joined).into()
        }),
    ),
    // What follows or stands before the first occurrence; nothing if there is none (documented).
    with(
        ONE_TEXT,
        made("AFTER_STR", |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            let all = own.content.len();
            let part = own.find(&other).map_or(0..0, |found| found.end..all);
            own.cut(part).into()
        }),
    ),
    with(
        ONE_TEXT,
        made("BEFORE_STR", |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            let part = own.find(&other).map_or(0..0, |found| 0..found.start);
            own.cut(part).into()
        }),
    ),
    with(
        ONE_TEXT,
        made("SUBSTR", |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            let part = own.find(&other).unwrap_or(0..0);
            own.cut(part).into()
        }),
    ),
    with(
        &[Parameter::Number, Parameter::Number],
        made("SUBSTR", |values, _| {
            let (start, count) = (count(values, 1), count(values, 2));
            text(values, 0).portion(start, count).into()
        }),
    ),
    with(
        ONE_NUMBER,
        made("TRUNCATE", |values, _| {
            let count = count(values, 1);
            text(values, 0).truncated(count).into()
        }),
    ),
    with(
        COUNTED,
        made("PREFIX", |values, _| {
            let (character, count) = (character(values, 1), count(values, 2));
            text(values, 0).prefix(character, count).into()
        }),
    ),
    with(
        COUNTED,
        made("SUFFIX", |values, _| {
            let (character, count) = (character(values, 1), count(values, 2));
            text(values, 0).suffix(character, count).into()
        }),
    ),
    // All characters of the argument are taken away, one by one (assumed).
    with(
        ONE_TEXT,
        made("STRIP_CHARS", |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            let kept: String =
                own.content.chars().filter(|c| !other.content.contains(*c)).collect();
            own.with(kept).into()
        }),
    ),
    with(
        ONE_TEXT,
        made("STRIP_START_CHARS", |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            own.part(|own| own.trim_start_matches(|c| other.content.contains(c))).into()
        }),
    ),
    with(
        ONE_TEXT,
        made("STRIP_END_CHARS", |values, _| {
            let (own, other) = (text(values, 0), text(values, 1));
            own.part(|own| own.trim_end_matches(|c| other.content.contains(c))).into()
        }),
    ),
    made("STRIP_START_WS", |values, _| text(values, 0).part(str::trim_start).into()),
    made("STRIP_END_WS", |values, _| text(values, 0).part(str::trim_end).into()),
    made("HTTP_URL_SAFE", |values, _| text(values, 0).url_safe().into()),
    made("HTTP_HEADER_SAFE", |values, _| text(values, 0).header_safe().into()),
    made("B64ENCODE", |values, _| text(values, 0).encoded().into()),
    made("B64DECODE", |values, _| text(values, 0).base64_decoded().into()),
    made("DECODE_USING_TEXT_MODE", |values, _| text(values, 0).decoded().into()),
    with(&[Parameter::Word(MODES)], made("SET_TEXT_MODE", |values, _| set_mode(values))),
    // What is no number is 0 (assumed).
    row(Sort::Text, "TYPECAST_NUM_AT", Sort::Number, |values, _| number(values, 10)),
    with(
        &[Parameter::Word(&["DECIMAL"])],
        row(Sort::Text, "TYPECAST_NUM_T", Sort::Number, |values, _| number(values, 10)),
    ),
    with(
        &[Parameter::Word(&["HEX"])],
        row(Sort::Text, "TYPECAST_NUM_T", Sort::Number, |values, _| number(values, 16)),
    ),
    // Of names and values as they stand.
    row(LIST, "TYPECAST_TEXT_T", Sort::Text, |values, _| text(values, 0).into()),
];

fn order(values: &mut [Value<'_>]) -> std::cmp::Ordering {
    text(values, 0).order(&text(values, 1))
}

type Span = std::ops::Range<usize>;

/// The part that a function makes of the length of the text and its first match.
fn matched<'a>(
    values: &mut [Value<'a>],
    part: fn(usize, Span) -> Span,
) -> Option<(Text<'a>, Span)> {
    let own = text(values, 0);
    let Some(Value::Pattern(pattern)) = values.get(1) else { return None };
    let found = pattern.find(&own.content)?.range();
    let part = part(own.content.len(), found);
    Some((own, part))
}

fn selected<'a>(values: &mut [Value<'a>], part: fn(usize, Span) -> Span) -> Value<'a> {
    matched(values, part).map_or_else(|| "".into(), |(own, part)| own.cut(part).into())
}

fn set_mode<'a>(values: &mut [Value<'a>]) -> Value<'a> {
    let (mut own, mode) = (text(values, 0), text(values, 1));
    match &*mode.content {
        "IGNORECASE" => own.ignores_case = true,
        "NOIGNORECASE" => own.ignores_case = false,
        "URLENCODED" => own.is_url_encoded = true,
        _ => own.is_url_encoded = false,
    }
    own.into()
}

fn number<'a>(values: &mut [Value<'a>], base: u32) -> Value<'a> {
    let own = text(values, 0);
    Value::Number(i64::from_str_radix(own.content.trim(), base).unwrap_or_default())
}
