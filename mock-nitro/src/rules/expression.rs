//! Policy expressions as commands give them: what is not one, or not one that this appliance
//! understands, is refused when it is written.

use std::sync::Arc;

use crate::code;
use crate::command::Refusal;
use crate::expression::{Expression, Sort};

/// Whether a text is an expression that may be true or false.
pub(super) fn check_rule(text: &str) -> Result<Arc<Expression>, Refusal> {
    match Expression::compile(text) {
        Ok(expression) if expression.sort() == Sort::Truth => Ok(expression),
        Ok(_) => Err(Refusal::new(code::BOOLEXPR)),
        Err(offset) => Err(fault(code::INVALPICEXPR, text, offset)),
    }
}

/// Whether a text is an expression that gives a text, or what can be written as one.
pub(super) fn check_text(text: &str) -> Result<Arc<Expression>, Refusal> {
    Expression::compile(text).map_err(|offset| fault(code::INVALPISEXPR, text, offset))
}

/// Refuses what looks at a response where there is none yet.
pub(super) fn for_requests(expression: &Expression, code: u32) -> Result<(), Refusal> {
    if expression.reads_response() { Err(Refusal::about(code, "HTTP.RES")) } else { Ok(()) }
}

fn fault(code: u32, text: &str, offset: usize) -> Refusal {
    let (read, rest) = text.split_at(offset);
    Refusal::about(code, format_args!("{read}^{rest}, Offset {offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controllers_write_is_an_expression() {
        for rule in [
            "TRUE",
            r#"HTTP.REQ.HOSTNAME.SERVER.EQ("shop.example") && HTTP.REQ.URL.PATH.STARTSWITH("/a")"#,
            r#"(HTTP.REQ.URL.PATH.EQ("/a") || HTTP.REQ.URL.PATH.STARTSWITH("/a/"))"#,
            "CLIENT.SSL.CLIENT_CERT.EXISTS.NOT || !CLIENT.SSL.CLIENT_CERT.IS_VALID",
            r#"HTTP.REQ.HEADER("X").CONTAINS("a\"b") == TRUE"#,
            "HTTP.REQ.URL.PATH.REGEX_MATCH(re#^/a(b|c)$#)",
            "CLIENT.IP.SRC.IN_SUBNET(10.0.0.0/8)",
            "CLIENT.TCP.DSTPORT.EQ(443)",
        ] {
            assert!(check_rule(rule).is_ok(), "{rule}");
        }
        let target = r#""https://" + HTTP.REQ.HOSTNAME.HTTP_URL_SAFE + HTTP.REQ.URL"#;
        assert!(check_text(target).is_ok());
    }

    #[test]
    fn a_rule_that_does_not_parse_is_refused_where_it_stops() {
        let refusal = check_rule("TRUE FALSE").unwrap_err();
        assert_eq!(refusal.code, code::INVALPICEXPR);
        assert!(refusal.message.ends_with("[TRUE ^FALSE, Offset 5]"), "{}", refusal.message);
    }

    #[test]
    fn what_this_appliance_does_not_understand_is_refused() {
        let rule = r#"HTTP.REQ.BODY(1000).CONTAINS("a")"#;
        assert_eq!(check_rule(rule).unwrap_err().code, code::INVALPICEXPR);
        assert_eq!(check_text("HTTP.REQ.TXID").unwrap_err().code, code::INVALPISEXPR);
    }

    #[test]
    fn a_rule_must_be_true_or_false() {
        for rule in ["\"shop.example\"", "1 + 2", "\"a\" + HTTP.REQ.URL"] {
            assert_eq!(check_rule(rule).unwrap_err().code, code::BOOLEXPR, "{rule}");
        }
    }
}
