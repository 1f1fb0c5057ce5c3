/**
 * What every transport shares and what needs none: the dispatcher with its retries, the in-memory
 * bus, aggregates and commands.
 */
@NullMarked
package dev.jubilee.events.core;

import org.jspecify.annotations.NullMarked;
