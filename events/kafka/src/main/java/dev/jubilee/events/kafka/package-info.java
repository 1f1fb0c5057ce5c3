@NullMarked
package dev.jubilee.events.kafka;

import org.jspecify.annotations.NullMarked;
