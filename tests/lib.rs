//! Tests of the product as its users meet it.
