/**
 * Which instances there are, and through which moment each has settled: what it accepted before is
 * in Kafka or has failed.
 */
@NullMarked
package dev.jubilee.server.bus.settling;

import org.jspecify.annotations.NullMarked;
