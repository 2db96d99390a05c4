"""The way from "I would like to join" to a membership that is paid for."""
