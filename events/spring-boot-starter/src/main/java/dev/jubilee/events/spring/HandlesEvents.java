package dev.jubilee.events.spring;

import dev.jubilee.events.EventHandler;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Subscribes to events when the application starts, and no longer when it stops. It stands on
 *
 * <ul>
 *   <li>a method of a singleton bean with one parameter: an event ({@code
 *       DomainEvent<GoldDeposited>}, {@code IntegrationEvent<…>}, {@code SystemEvent}, {@code
 *       BaseEvent}) or a payload alone ({@code GoldDeposited}). One of another kind goes to the
 *       dead letters;
 *   <li>a bean that is an {@link EventHandler}: on its class, or on its {@code @Bean} method.
 * </ul>
 *
 * Values may have placeholders, such as {@code ${guild.pattern}}.
 */
@Documented
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface HandlesEvents {
    /** The types of events, such as {@code guild.gold.*}. */
    String value();

    /** If it is given, the subscription is durable under this name; each handler has its own. */
    String durable() default "";

    /** How many events are handled at a time, those of one key never together. */
    int workers() default 1;

    /** How many events may wait in this process. */
    int capacity() default 1024;

    /** Whether events are handled in the publisher's thread: in memory only. */
    boolean synchronous() default false;

    /**
     * The name of a bean, a {@code RetryStrategy}, by which this handler is retried; without one as
     * {@code jubilee.events.retry} says.
     */
    String retry() default "";
}
