package dev.jubilee.server.bus.trace;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that became of an event.
 *
 * @param step one word: published, stored, delivered, counted, rewarded
 * @param at when, as far as it is known
 * @param detail becomes JSON
 */
public record TraceStep(String step, @Nullable Instant at, Map<String, Object> detail) {}
