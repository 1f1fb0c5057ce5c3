@NullMarked
package dev.jubilee.server.bus.publish;

import org.jspecify.annotations.NullMarked;
