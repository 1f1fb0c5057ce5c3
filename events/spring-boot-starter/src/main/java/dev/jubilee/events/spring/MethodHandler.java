package dev.jubilee.events.spring;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.IntegrationEvent;
import dev.jubilee.events.SystemEvent;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/** A method of a bean that handles events, or their payloads alone. */
final class MethodHandler implements EventHandler<BaseEvent> {
    private final Object bean;
    private final Method method;
    private final Class<?> parameter;

    /**
     * @throws IllegalStateException if the method does not have one parameter
     */
    MethodHandler(Object bean, Method method) {
        if (method.getParameterCount() != 1 || method.getParameterTypes()[0].isPrimitive()) {
            throw new IllegalStateException(
                    "%s handles events and must have one parameter, an event or a payload"
                            .formatted(method));
        }
        this.bean = bean;
        this.method = method;
        this.parameter = method.getParameterTypes()[0];
        method.trySetAccessible();
    }

    @Override
    public void handle(BaseEvent event) throws Exception {
        Object argument = BaseEvent.class.isAssignableFrom(parameter) ? event : payloadOf(event);
        try {
            method.invoke(bean, parameter.cast(argument));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exception failure) {
                throw failure;
            }
            if (e.getCause() instanceof Error failure) {
                throw failure;
            }
            throw e;
        }
    }

    private static Object payloadOf(BaseEvent event) {
        return switch (event) {
            case DomainEvent<?> domain -> domain.data();
            case IntegrationEvent<?> integration -> integration.payload();
            case SystemEvent system -> system.details();
        };
    }
}
