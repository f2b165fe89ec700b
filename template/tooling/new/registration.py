"""A line for `app/installed.py`, and one for the record of a domain.

Both are put where the syntax tree says, so that the owner's own text stays.
"""

import ast

from tooling.new.names import RefusedError

RECORD = "DOMAIN = Domain(install=install, ...)"


def with_domain(source: str, plural: str) -> str:
    """`app/installed.py` with the domain in `DOMAINS`; the same text where it is there already.

    Raises RefusedError where the text has no longer the shape that the template gave it.
    """
    tree = _parsed(source)
    domains = _domains(tree)
    record = f"{plural}.DOMAIN"
    if record in map(ast.unparse, domains.elts):
        return source
    if plural in _bound(tree):
        raise RefusedError(f"app/installed.py uses the name {plural} for something else")
    statement = f"from app.domains import {plural}"
    if domains.elts:
        return _inserted(source, _end(domains.elts[-1]), f", {record}", statement)
    start = (domains.lineno, domains.col_offset + 1)
    return _inserted(source, start, f"{record},", statement)


def with_job(source: str, domain: str, name: str) -> str:
    """The record of the domain with the job in it."""
    constant = name.upper()
    call = _record(_parsed(source))
    jobs = next((one.value for one in call.keywords if one.arg == "jobs"), None)
    if jobs is not None and not isinstance(jobs, ast.Tuple):
        raise RefusedError(f"jobs of {domain} is no tuple: write {constant} in by hand")
    statement = f"from app.domains.{domain}.{name}_job import {constant}"
    if jobs is not None and jobs.elts:
        return _inserted(source, _end(jobs.elts[-1]), f", {constant}", statement)
    if jobs is None and call.keywords:
        place = _end(call.keywords[-1].value)
        return _inserted(source, place, f", jobs=({constant},)", statement)
    raise RefusedError(f"the record of {domain} has no longer the shape {RECORD}")


def _inserted(source: str, place: tuple[int, int], addition: str, statement: str) -> str:
    """With the addition at that line and byte, and the import after the last one."""
    line, column = place
    lines = source.encode().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1][:column] + addition.encode() + lines[line - 1][column:]
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
    lines.insert(max((_end(node)[0] for node in imports), default=0), f"{statement}\n".encode())
    return b"".join(lines).decode()


def _end(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.end_lineno or 0, node.end_col_offset or 0


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise RefusedError(f"the file is no Python: {error.msg}") from None


def _domains(tree: ast.Module) -> ast.Tuple:
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id="DOMAINS"), value=ast.Tuple() as domains):
                return domains
            case ast.Assign(targets=[ast.Name(id="DOMAINS")], value=ast.Tuple() as domains):
                return domains
    raise RefusedError(
        "app/installed.py has no longer a line DOMAINS: tuple[Domain, ...] = (...): "
        "write the domain in by hand"
    )


def _record(tree: ast.Module) -> ast.Call:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Domain")) as call:
                return call
    raise RefusedError(f"the domain has no longer a line {RECORD}: write the job in by hand")


def _bound(tree: ast.Module) -> set[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}
