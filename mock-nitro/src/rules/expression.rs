//! Policy expressions as commands give them: what is not one, or not one that this appliance
//! understands, is refused when it is written.

use super::refuse;
use crate::code;
use crate::command::Refusal;
use crate::expression::{Expression, Sort};

/// Whether a text is an expression that may be true or false.
pub(super) fn check_rule(text: &str) -> Result<(), Refusal> {
    match Expression::compile(text) {
        Ok(expression) if expression.sort() == Sort::Truth => Ok(()),
        Ok(_) => refuse(code::BOOLEXPR),
        Err(offset) => Err(fault(code::INVALPICEXPR, text, offset)),
    }
}

/// Whether a text is an expression that gives a text, or what can be written as one.
pub(super) fn check_text(text: &str) -> Result<(), Refusal> {
    match Expression::compile(text) {
        Ok(_) => Ok(()),
        Err(offset) => Err(fault(code::INVALPISEXPR, text, offset)),
    }
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
            assert_eq!(check_rule(rule), Ok(()), "{rule}");
        }
        let target = r#""https://" + HTTP.REQ.HOSTNAME.HTTP_URL_SAFE + HTTP.REQ.URL"#;
        assert_eq!(check_text(target), Ok(()));
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
