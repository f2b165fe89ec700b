"""The line in `app/installed.py`, put where the syntax tree says, so that your own text stays."""

import ast

from tooling.new.names import RefusedError

SHAPE = "DOMAINS: tuple[Domain, ...] = (...)"


def registered(source: str, plural: str) -> str:
    """The text with the domain in `DOMAINS`; the same text where it stands there already.

    Raises RefusedError where the text has no longer the shape that the template gave it.
    """
    tree = _parsed(source)
    domains = _domains(tree)
    record = f"{plural}.DOMAIN"
    if record in map(ast.unparse, domains.elts):
        return source
    if plural in _bound(tree):
        raise RefusedError(f"app/installed.py uses the name {plural} for something else")
    lines = source.splitlines(keepends=True)
    _insert_record(lines, domains, record)
    last_import = max(
        (node.end_lineno or 0 for node in tree.body if isinstance(node, ast.ImportFrom)), default=0
    )
    lines.insert(last_import, f"from app.domains import {plural}\n")
    return "".join(lines)


def _insert_record(lines: list[str], domains: ast.Tuple, record: str) -> None:
    """After the last element, or in place of an empty tuple; offsets of the tree are in bytes."""
    if domains.elts:
        last = domains.elts[-1]
        line, column, addition = last.end_lineno, last.end_col_offset, f", {record}"
    else:
        line, column, addition = domains.lineno, domains.col_offset + 1, f"{record},"
    assert line is not None and column is not None  # noqa: S101, PT018 - a parsed tree has them
    raw = lines[line - 1].encode()
    lines[line - 1] = (raw[:column] + addition.encode() + raw[column:]).decode()


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise RefusedError(f"app/installed.py is no Python: {error.msg}") from None


def _domains(tree: ast.Module) -> ast.Tuple:
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id="DOMAINS"), value=ast.Tuple() as domains):
                return domains
            case ast.Assign(targets=[ast.Name(id="DOMAINS")], value=ast.Tuple() as domains):
                return domains
    raise RefusedError(
        f"app/installed.py has no longer a line {SHAPE}: write the domain in by hand"
    )


def _bound(tree: ast.Module) -> set[str]:
    aliases = [
        alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    return {alias.asname or alias.name for alias in aliases}
