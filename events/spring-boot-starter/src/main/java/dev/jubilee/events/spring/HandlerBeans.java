package dev.jubilee.events.spring;

import dev.jubilee.events.EventHandler;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;

/** Finds what {@link HandlesEvents} stands on among the beans of the application. */
final class HandlerBeans {
    private final ConfigurableListableBeanFactory beans;

    /** A handler, and how it is to be subscribed. */
    record Found(
            String place, String pattern, SubscriptionOptions options, EventHandler<?> handler) {}

    HandlerBeans(ConfigurableListableBeanFactory beans) {
        this.beans = beans;
    }

    /**
     * All of them.
     *
     * @throws IllegalStateException if one cannot be a handler, or two share a durable name
     */
    List<Found> all() {
        List<Found> all = new ArrayList<>();
        for (String name : beans.getBeanNamesForType(Object.class)) {
            if (!ScopedProxyUtils.isScopedTarget(name)) {
                find(name, all);
            }
        }
        Map<String, Found> durable = new HashMap<>();
        for (Found found : all) {
            found.options()
                    .name()
                    .map(name -> durable.put(name, found))
                    .ifPresent(other -> {
                        throw new IllegalStateException(
                                "%s and %s have the durable name '%s', and each would miss what the other gets"
                                        .formatted(
                                                other.place(),
                                                found.place(),
                                                found.options().durableName()));
                    });
        }
        return all;
    }

    private void find(String name, List<Found> all) {
        HandlesEvents onBean = beans.findAnnotationOnBean(name, HandlesEvents.class);
        if (onBean != null) {
            if (!(singleton(name) instanceof EventHandler<?> handler)) {
                throw new IllegalStateException(
                        "the bean %s has @HandlesEvents and is no EventHandler".formatted(name));
            }
            all.add(found(name, onBean, handler));
        }
        Class<?> type = AutoProxyUtils.determineTargetClass(beans, name);
        if (type == null || !AnnotationUtils.isCandidateClass(type, HandlesEvents.class)) {
            return;
        }
        for (Method method : MethodIntrospector.selectMethods(type, HandlerBeans::handles)) {
            Object bean = singleton(name);
            Method callable = AopUtils.selectInvocableMethod(method, bean.getClass());
            all.add(
                    found(
                            type.getSimpleName() + "." + method.getName(),
                            Objects.requireNonNull(annotation(method)),
                            new MethodHandler(bean, callable)));
        }
    }

    /** Those that make a bean say how the bean is subscribed; they are no handlers. */
    private static boolean handles(Method method) {
        return annotation(method) != null
                && !AnnotatedElementUtils.hasAnnotation(method, Bean.class);
    }

    private static @Nullable HandlesEvents annotation(Method method) {
        return AnnotatedElementUtils.findMergedAnnotation(method, HandlesEvents.class);
    }

    private Object singleton(String name) {
        if (!beans.isSingleton(name)) {
            throw new IllegalStateException(
                    "the bean %s handles events and must be a singleton".formatted(name));
        }
        return beans.getBean(name);
    }

    private Found found(String place, HandlesEvents annotation, EventHandler<?> handler) {
        String durable = resolved(annotation.durable());
        SubscriptionOptions options =
                new SubscriptionOptions(
                        durable.isEmpty() ? null : durable,
                        annotation.synchronous()
                                ? SubscriptionOptions.Mode.SYNCHRONOUS
                                : SubscriptionOptions.Mode.ASYNCHRONOUS,
                        annotation.workers(),
                        annotation.capacity());
        String retry = resolved(annotation.retry());
        return new Found(
                place,
                resolved(annotation.value()),
                options,
                retry.isEmpty()
                        ? handler
                        : handler.retrying(beans.getBean(retry, RetryStrategy.class)));
    }

    private String resolved(String value) {
        String resolved = beans.resolveEmbeddedValue(value);
        return resolved == null ? "" : resolved;
    }
}
