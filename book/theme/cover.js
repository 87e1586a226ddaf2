// The picture on the first page is animated once; a button repeats that. With reduced motion there is
// neither animation nor button.
'use strict';

for (const film of document.querySelectorAll('.cover .film')) {
    if (matchMedia('(prefers-reduced-motion: no-preference)').matches) {
        const button = document.createElement('button');
        button.type = 'button';
        const duration = parseInt(getComputedStyle(film).getPropertyValue('--duration'));
        button.textContent = `Play again (${Math.floor(duration * 1000 / film.dataset.micros)} times slower)`;
        button.addEventListener('click', () => {
            for (const animation of document.getAnimations()) {
                if (film.contains(animation.effect.target)) {
                    animation.cancel();
                    animation.play();
                }
            }
        });
        film.after(button);
    }
}
