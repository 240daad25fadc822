"""A small app that answers with the request as it arrived."""

import json

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.route("items/{*path}", methods=["GET", "POST"])
def a_rest(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer with what there is to see."""
    seen = {
        "function": context.function_name,
        "url": req.url,
        "path": req.route_params.get("path"),
        "params": dict(req.params),
        "headers": dict(req.headers),
        "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route("items/literal", methods=["GET"])
def b_literal(req: func.HttpRequest) -> func.HttpResponse:
    """Never answer: the catch-all before it takes its path."""
    del req
    return func.HttpResponse("literal")
