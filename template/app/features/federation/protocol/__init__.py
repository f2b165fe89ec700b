"""The protocol of federated login: discovery, requests to providers, and the flow."""
