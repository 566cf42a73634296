"""The outside: machines by SSH, vendors, browsers' push services, webhooks."""
