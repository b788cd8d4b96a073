"""The part of Prometheus' API that Loki has, for the states of rules, and that recorded series need."""
