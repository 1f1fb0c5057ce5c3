/**
 * The rules of a live event, read from its configuration and compiled: which bus events count and
 * how much, what completes a participation, what can be earned and when.
 */
@NullMarked
package dev.jubilee.server.liveops.rules;

import org.jspecify.annotations.NullMarked;
