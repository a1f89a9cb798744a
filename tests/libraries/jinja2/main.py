"""Renders a page from templates that lie beside the action."""

import jinja2

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.DictLoader({
        "base": "<title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}",
        "page": """{% extends "base" %}
{%- macro row(level, count) -%}<tr><td>{{ level | upper }}</td><td>{{ "%03d" | format(count) }}</td></tr>{%- endmacro %}
{%- block title %}{{ name }}{% endblock %}
{%- block body %}{% for level, group in logs | groupby("level") %}{{ row(level, group | length) }}{% endfor %}{% endblock %}""",
    }),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def main():
    logs = [{"level": level} for level in ("error", "info", "error")]
    page = ENVIRONMENT.get_template("page").render(name="<logs>", logs=logs)
    try:
        ENVIRONMENT.from_string("{{ nothing }}").render()
    except jinja2.UndefinedError as error:
        missing = str(error)
    return {"page": page, "missing": missing}
