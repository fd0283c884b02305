//! The rows that a dump inserts into its tables, one by one.

use std::collections::HashMap;
use std::io;

use crate::error::ImportError;
use crate::input::{Input, read_error};
use crate::source::Warnings;
use crate::sql_tokens::{Token, Tokens};

/// More values than any table has whose rows are read.
const MAX_COLUMNS: usize = 100;

/// A row of a table.
#[derive(Debug)]
pub(crate) struct SqlRow {
    /// The line of the file on which it ends.
    pub(crate) line: u64,
    /// The name of the table.
    pub(crate) table: String,
    /// The names of the columns: those of the statement, or of the table if it is created in the dump, or none.
    pub(crate) columns: Vec<String>,
    /// The values. `None` is `NULL`.
    pub(crate) values: Vec<Option<Vec<u8>>>,
    /// A value is an expression, which cannot be read.
    pub(crate) has_expression: bool,
}

/// The statement that is being read.
enum Statement {
    None,
    /// Rows of a table follow, or the end of the statement.
    Insert {
        table: String,
        columns: Vec<String>,
    },
}

/// The rows of a dump, of those tables that are asked for.
pub(crate) struct SqlRows {
    tokens: Tokens,
    statement: Statement,
    /// The columns of the tables that the dump creates.
    created: HashMap<String, Vec<String>>,
    is_wanted: fn(&str) -> bool,
    /// The warnings about the file.
    pub(crate) warnings: Warnings,
}

impl SqlRows {
    /// Reads the rows of the tables with certain names.
    pub(crate) fn new(input: Input, is_wanted: fn(&str) -> bool) -> Self {
        let tokens = Tokens::new(input.bytes, input.allowance);
        Self { tokens, statement: Statement::None, created: HashMap::new(), is_wanted, warnings: input.warnings }
    }

    /// The next row, or `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<SqlRow>, ImportError> {
        self.advance().map_err(|error| read_error(&error, format!("line {}", self.tokens.line())))
    }

    fn advance(&mut self) -> io::Result<Option<SqlRow>> {
        loop {
            match std::mem::replace(&mut self.statement, Statement::None) {
                Statement::Insert { table, columns } => {
                    if let Some(row) = self.row(&table, &columns)? {
                        self.statement = Statement::Insert { table, columns };
                        return Ok(Some(row));
                    }
                }
                Statement::None => {
                    let Some(token) = self.tokens.next()? else {
                        return Ok(None);
                    };
                    let rest = match keyword(&token).as_str() {
                        "INSERT" | "REPLACE" => self.insert()?,
                        "CREATE" => self.create()?,
                        _ => Some(token),
                    };
                    self.skip_statement(rest)?;
                }
            }
        }
    }

    /// Skips to the end of the statement that `token` is a part of. `None`: there is nothing to skip.
    fn skip_statement(&mut self, mut token: Option<Token>) -> io::Result<()> {
        while token.is_some_and(|token| token != Token::Symbol(b';')) {
            token = self.tokens.next()?;
        }
        Ok(())
    }

    /// The beginning of an `INSERT`, up to its `VALUES`. Returns a token of a statement that is to be skipped.
    fn insert(&mut self) -> io::Result<Option<Token>> {
        let mut table = String::new();
        let mut columns = Vec::new();
        let mut is_after_into = false;
        while let Some(token) = self.tokens.next()? {
            match keyword(&token).as_str() {
                "INTO" => is_after_into = true,
                // A table may be called `values`, in backticks.
                "VALUES" | "VALUE" if matches!(token, Token::Word(_)) && !table.is_empty() => {
                    if !(self.is_wanted)(&table) {
                        return Ok(Some(token));
                    }
                    if columns.is_empty() {
                        columns = self.created.get(&table).cloned().unwrap_or_default();
                    }
                    self.statement = Statement::Insert { table, columns };
                    return Ok(None);
                }
                _ if token == Token::Symbol(b'(') && !table.is_empty() => columns = self.names()?,
                _ if token == Token::Symbol(b';') => return Ok(Some(token)),
                // The last name is the table's, and those before it are the database's: `blog`.`yourls_url`.
                _ if is_after_into && columns.is_empty() => {
                    if let Some(name) = name(token) {
                        table = name.rsplit('.').next().unwrap_or_default().to_owned();
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// The names up to the closing parenthesis.
    fn names(&mut self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        while let Some(token) = self.tokens.next()?.filter(|token| !matches!(token, Token::Symbol(b')' | b';'))) {
            if names.len() < MAX_COLUMNS {
                names.extend(name(token));
            }
        }
        Ok(names)
    }

    /// A `CREATE TABLE`, whose columns are kept. Returns a token of a statement that is to be skipped.
    fn create(&mut self) -> io::Result<Option<Token>> {
        let mut table = String::new();
        while let Some(token) = self.tokens.next()? {
            match keyword(&token).as_str() {
                "TABLE" | "IF" | "NOT" | "EXISTS" | "TEMPORARY" if matches!(token, Token::Word(_)) => {}
                _ if token == Token::Symbol(b'(') && !table.is_empty() => break,
                _ if token == Token::Symbol(b';') => return Ok(Some(token)),
                // `CREATE DATABASE`, `CREATE VIEW` and others have no list of columns that matters.
                _ => {
                    if let Some(name) = name(token) {
                        table = name.rsplit('.').next().unwrap_or_default().to_owned();
                    }
                }
            }
        }
        let mut columns = Vec::new();
        let mut depth = 1_usize;
        let mut is_first = true;
        while let Some(token) = self.tokens.next()? {
            match token {
                Token::Symbol(b'(') => depth += 1,
                Token::Symbol(b')') if depth <= 1 => break,
                Token::Symbol(b')') => depth -= 1,
                Token::Symbol(b';') => return Ok(None),
                Token::Symbol(b',') if depth == 1 => {
                    is_first = true;
                    continue;
                }
                // Dumps put the names of columns in backticks; keys begin with words, such as PRIMARY.
                Token::Name(name) if is_first && depth == 1 && columns.len() < MAX_COLUMNS => columns.push(name),
                _ => {}
            }
            is_first = false;
        }
        if (self.is_wanted)(&table) {
            self.created.insert(table, columns);
        }
        Ok(Some(Token::Symbol(b')')))
    }

    /// The next row of an `INSERT`, or `None` at the end of the statement.
    fn row(&mut self, table: &str, columns: &[String]) -> io::Result<Option<SqlRow>> {
        loop {
            match self.tokens.next()? {
                Some(Token::Symbol(b'(')) => break,
                Some(Token::Symbol(b',')) => {}
                // The end, or `ON DUPLICATE KEY UPDATE ...`.
                token => {
                    self.skip_statement(token)?;
                    return Ok(None);
                }
            }
        }
        let (mut values, mut has_expression) = (Vec::new(), false);
        let mut value: Option<Option<Vec<u8>>> = None;
        let mut is_negative = false;
        let mut depth = 1_usize;
        loop {
            let Some(token) = self.tokens.next()? else {
                let reason = "the file ends in the middle, so that it is not complete";
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            };
            match token {
                Token::Symbol(b')') if depth == 1 => break,
                Token::Symbol(b',') if depth == 1 => {
                    if values.len() < MAX_COLUMNS {
                        values.push(value.take().unwrap_or_default());
                    }
                    is_negative = false;
                }
                Token::Symbol(b'(') => {
                    depth += 1;
                    has_expression = true;
                }
                Token::Symbol(b')') => depth -= 1,
                Token::Symbol(b'-') if value.is_none() => is_negative = true,
                // The character set of the text that follows: `_binary 'abc'`.
                Token::Word(word) if value.is_none() && word.starts_with('_') => {}
                _ if value.is_some() => has_expression = true,
                Token::Text(text) => value = Some(Some(text)),
                Token::Word(word) if word.eq_ignore_ascii_case("null") => value = Some(None),
                Token::Word(word) => {
                    has_expression |= !word.starts_with(|c: char| c.is_ascii_digit());
                    let sign = if is_negative { "-" } else { "" };
                    value = Some(Some(format!("{sign}{word}").into_bytes()));
                }
                Token::Name(_) | Token::Symbol(_) => has_expression = true,
            }
        }
        values.push(value.unwrap_or_default());
        let (table, columns) = (table.to_owned(), columns.to_vec());
        Ok(Some(SqlRow { line: self.tokens.line(), table, columns, values, has_expression }))
    }
}

/// A keyword in capitals, or nothing.
fn keyword(token: &Token) -> String {
    match token {
        Token::Word(word) => word.to_ascii_uppercase(),
        _ => String::new(),
    }
}

/// A name, with or without backticks.
fn name(token: Token) -> Option<String> {
    match token {
        Token::Word(name) | Token::Name(name) => Some(name),
        Token::Text(name) => String::from_utf8(name).ok(),
        Token::Symbol(_) => None,
    }
}

impl SqlRow {
    /// Where it is; `number` is that of the row among those of its table, from 1.
    pub(crate) fn position(&self, number: u64) -> String {
        format!("line {}, row {number}", self.line)
    }

    /// What is wrong with the shape of the row, whatever it contains.
    pub(crate) fn misshapen(&self, columns: &[String]) -> Option<String> {
        if self.has_expression {
            return Some("a value is an expression and not a text or a number".to_owned());
        }
        let columns = columns.len();
        let count = self.value_count();
        (self.values.len() != columns).then(|| format!("it has {count} values where the table has {columns} columns"))
    }

    /// How many values there are, in words.
    pub(crate) fn value_count(&self) -> String {
        let count = self.values.len();
        if count > MAX_COLUMNS { format!("more than {MAX_COLUMNS}") } else { count.to_string() }
    }

    /// The values that are not `NULL`, by the names of their columns.
    pub(crate) fn by_column(self, columns: &[String]) -> HashMap<String, Vec<u8>> {
        let values = columns.iter().map(|name| name.to_ascii_lowercase()).zip(self.values);
        values.filter_map(|(name, value)| Some((name, value?))).collect()
    }
}
