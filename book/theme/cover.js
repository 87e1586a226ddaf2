// The picture on the first page is animated once; a button repeats that. With reduced motion there is
// neither animation nor button.
'use strict';

for (const run of document.querySelectorAll('.cover .run')) {
    if (matchMedia('(prefers-reduced-motion: no-preference)').matches) {
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = `Play again (${run.dataset.slower} times slower)`;
        button.addEventListener('click', () => {
            for (const animation of document.getAnimations()) {
                if (run.contains(animation.effect.target)) {
                    animation.cancel();
                    animation.play();
                }
            }
        });
        run.after(button);
    }
}
