package dev.jubilee.events.json;

import dev.jubilee.events.Envelope;

/** One element of a batch: an event, or why it is none. */
public sealed interface ParsedEvent {
    record Valid(Envelope envelope) implements ParsedEvent {}

    record Invalid(InvalidCloudEvent problem) implements ParsedEvent {}
}
