"""The yardstick: one route on FastAPI and uvicorn alone, served as the service is."""

from fastapi import FastAPI
from pydantic import BaseModel

PATH = "/bare"


class Answer(BaseModel):
    status: str = "healthy"


app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.get(PATH)
async def read_bare() -> Answer:
    return Answer()
