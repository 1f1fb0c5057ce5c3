@NullMarked
package dev.jubilee.server.liveops.rules;

import org.jspecify.annotations.NullMarked;
